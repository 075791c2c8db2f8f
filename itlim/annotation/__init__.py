"""Annotations of responses: sheets, study protocol, agreement, adjudication, exchange.

Contains no SQL (see `store`) and no Streamlit (see `ui`).
"""
