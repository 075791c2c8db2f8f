"""Token distribution shift: how far tuning moved each token of a response."""
