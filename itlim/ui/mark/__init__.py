"""The Annotate page: the annotation queue of a study."""
