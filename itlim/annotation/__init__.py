"""What people say about responses: sheets, protocol, agreement, adjudication, exchange.

Pure: no SQL (store), no Streamlit (ui).
"""
