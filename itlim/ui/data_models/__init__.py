"""The Data & models pages: datasets with their indexes, model pairs, stored runs."""
