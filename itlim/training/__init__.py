"""Pre-train and tune causal language models."""
