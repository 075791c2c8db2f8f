"""Counterfactual instructions: rephrase the instruction and check whether the phrase recurs."""
