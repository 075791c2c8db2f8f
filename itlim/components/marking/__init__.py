"""The marking view: a response that the annotator marks in the browser.

This package does not import Streamlit; `itlim.ui.shared.mounts.marks` mounts it in a page.
"""
