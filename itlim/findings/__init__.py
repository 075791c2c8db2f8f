"""Claims over many runs: each with value, unit, n and interval."""
