"""The Test page: retrain without an instance, or rephrase the question."""
