"""What is tried against borrowing: judges, and transformations of datasets."""
