"""Counterfactual questions: rephrase the instruction and look for the phrase again."""
