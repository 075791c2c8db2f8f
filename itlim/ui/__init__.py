"""What the pages are made of. The only part of itlim that imports Streamlit."""
