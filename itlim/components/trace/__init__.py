"""The two sides of a trace: a response and the instances that contain its words.

Nothing in here imports Streamlit; `itlim.ui.shared.mounts.trace` mounts the assets in a page, and
`section.py` puts them into the exported file.
"""
