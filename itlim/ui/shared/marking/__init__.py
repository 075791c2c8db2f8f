"""Marking in a page: the choice of a study, the marking view, suggested spans."""
