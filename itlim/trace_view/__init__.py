"""The two sides of a trace, drawn by the browser: a response and the instances that hold its words.

Nothing in here imports Streamlit; `itlim.ui.trace_view` mounts the same assets in a page, and
`section.py` puts them into the exported file.
"""
