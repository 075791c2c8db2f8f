"""The public functions behind `import itlim`: the engine for scripts and notebooks.

`itlim/__init__.py` lists and loads them. Paths are `str` or `Path` everywhere.
"""
