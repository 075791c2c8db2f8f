"""The Mark page: the annotation queue of a study."""
