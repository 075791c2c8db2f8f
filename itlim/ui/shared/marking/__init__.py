"""Marking in a page: the study, the sheet being marked, suggested spans."""
