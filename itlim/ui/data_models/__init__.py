"""The Data & models pages: datasets and their indexes, model pairs, stored runs and backups."""
