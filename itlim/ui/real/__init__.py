"""What is known about the answers of the real family."""
