"""A response to mark, drawn by the browser, and what the annotator did with it.

Nothing in here imports Streamlit; `itlim.ui.mark_view` mounts it in a page.
"""
