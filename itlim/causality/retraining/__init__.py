"""Retraining one model without chosen instances, and the experiment built on it."""
