"""Browser views without Streamlit: payloads, messages and their JavaScript and CSS."""
