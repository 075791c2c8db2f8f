"""What a training instance does to an answer, found by retraining without it."""
