"""Test whether training instances cause a phrase: retrain, measure influence, rephrase."""
