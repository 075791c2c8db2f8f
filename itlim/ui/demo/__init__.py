"""Pages of the demo family: its report and the causal ground truth."""
