"""Agreement between annotators: alpha, span overlap, verdicts, and the report."""
