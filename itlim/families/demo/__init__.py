"""The demo family: tiny models, trained from text to exhibit the effects of the paper."""
