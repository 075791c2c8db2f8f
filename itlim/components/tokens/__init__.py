"""The coloured response, drawn by the browser: payload, assets, and a file that needs no server.

Nothing in here imports Streamlit; `itlim.ui.shared.mounts.tokens` mounts the same assets in a page.
"""
