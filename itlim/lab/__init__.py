"""The causality lab: what becomes of a phrase when the question, or the training, is changed."""
