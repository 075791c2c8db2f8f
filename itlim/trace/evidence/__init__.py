"""Evidence that a span was copied, and the chance of as much evidence by accident."""
