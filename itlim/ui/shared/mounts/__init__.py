"""Browser views mounted as Streamlit components."""
