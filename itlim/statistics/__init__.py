"""Estimates with confidence intervals, and findings, the form in which they are reported."""
