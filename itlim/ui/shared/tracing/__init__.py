"""Tracing on a page: the text to trace, the datasets and their indexes, and the computation."""
