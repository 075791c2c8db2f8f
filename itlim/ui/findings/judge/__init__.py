"""Findings from judging models: ratings, preferences, calibration, and asking for them."""
