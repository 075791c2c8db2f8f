"""The tour: one shipped answer in three steps, in large type."""
