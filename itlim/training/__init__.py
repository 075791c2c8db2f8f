"""Tuning recipes for any causal language model, and the demo family's making."""
