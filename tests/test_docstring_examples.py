"""Run the docstring examples of every module that has any."""

import doctest
import importlib
import re

import pytest

from itlim.settings import PROJECT_FOLDER

MODULES = sorted(
    ".".join(path.relative_to(PROJECT_FOLDER).with_suffix("").parts).removesuffix(".__init__")
    for path in (PROJECT_FOLDER / "itlim").rglob("*.py")
    if re.search(r"^\s*>>> (?!#)", path.read_text(encoding="utf-8"), re.MULTILINE)
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_correct(name):
    module = importlib.import_module(name)
    # Examples use `torch` without importing it.
    found = doctest.testmod(module, extraglobs={"torch": importlib.import_module("torch")})
    assert found.attempted > 0
    assert found.failed == 0
