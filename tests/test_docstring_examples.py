"""Examples in docstrings are what the code does: every module that has one."""

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
def test_examples_hold(name):
    module = importlib.import_module(name)
    # The examples name torch as a reader would.
    found = doctest.testmod(module, extraglobs={"torch": importlib.import_module("torch")})
    assert found.attempted > 0
    assert found.failed == 0
