"""The part of Findings about the paper's remedies."""
