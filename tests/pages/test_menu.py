"""The menu in groups, and the addresses of earlier versions."""

import pytest

from itlim.settings import PROJECT_FOLDER
from itlim.ui.shared.old_addresses import OLD_ADDRESSES, parameters


@pytest.mark.parametrize("path", OLD_ADDRESSES)
def test_an_old_address_leads_to_a_page_that_exists(path):
    assert (PROJECT_FOLDER / OLD_ADDRESSES[path].page).is_file()


@pytest.mark.parametrize(
    ("path", "given", "expected"),
    [
        ("causality", {"run": "a", "span": "1-2"}, {"run": "a", "span": "1-2"}),
        ("compare", {"ask": "Who?"}, {"ask": "Who?", "all": "true"}),
        ("datasets", {}, {"part": "Datasets"}),
        ("library", {}, {"part": "Model pairs"}),
        ("annotate", {"study": "s", "item": "i"}, {"study": "s", "item": "i"}),
        ("demo", {}, {}),
    ],
)
def test_an_old_address_keeps_its_parameters(path, given, expected):
    assert parameters(OLD_ADDRESSES[path], given) == expected
