"""Influence of training instances on a span, computed from the model's gradients."""
