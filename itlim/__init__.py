"""Which words of an answer instruction tuning put there, and whence the wrong ones came."""

__version__ = "0.1.0"
