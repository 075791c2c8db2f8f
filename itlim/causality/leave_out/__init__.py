"""Leave-out studies: retrain without instances and measure which phrases disappear."""
