"""The colored response: payload, browser assets, and an HTML file that needs no server.

This package does not import Streamlit; `itlim.ui.shared.mounts.tokens` mounts its assets in a page.
"""
