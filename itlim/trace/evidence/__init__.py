"""Evidence that a span was copied, and how often chance yields as much."""
