"""Tracing in a page: the text to trace, the datasets and their indexes, the work itself."""
