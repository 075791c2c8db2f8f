"""The demo family: tiny models built from text to exhibit the effects of the paper."""
