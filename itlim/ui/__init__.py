"""The pages of the app; the only package of itlim that imports Streamlit."""
