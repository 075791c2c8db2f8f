"""The tour: one answer in three steps, in large type, in the app or as one file."""
