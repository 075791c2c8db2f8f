"""The Mark page: the annotation queue."""
