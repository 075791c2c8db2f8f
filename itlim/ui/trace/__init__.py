"""The Trace page: from a span to training instances, and back."""
