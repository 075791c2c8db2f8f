"""Sentence embeddings of a dataset: the encoder and the vector index."""
