"""Estimates with intervals: one home for every interval and every reported finding."""
