"""A response to mark, drawn by the browser, and what the annotator did with it.

Nothing in here imports Streamlit; `itlim.ui.shared.mounts.marks` mounts it in a page.
"""
