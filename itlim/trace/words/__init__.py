"""The word index of a dataset: suffix array, matches, counts, stored instances."""
