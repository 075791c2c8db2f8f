"""Influence of training instances on a span, from the model's gradients."""
