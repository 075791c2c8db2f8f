"""Examples in docstrings are what the code does."""

import doctest
import importlib

import pytest

MODULES = [
    "itlim.text.token_text",
    "itlim.models.vocabulary",
    "itlim.shift.divergence",
    "itlim.shift.measure",
    "itlim.shift.sentences",
    "itlim.shift.summary",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name):
    module = importlib.import_module(name)
    # The examples name torch as a reader would.
    found = doctest.testmod(module, extraglobs={"torch": importlib.import_module("torch")})
    assert found.attempted > 0
    assert found.failed == 0
