"""Addresses of earlier versions: each leads to the page that replaces it, with its parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import streamlit as st

from itlim.ui.shared.navigation import open_page


@dataclass(frozen=True, slots=True, kw_only=True)
class OldAddress:
    """A page that was renamed or merged into another one."""

    page: str
    """File of the page that replaces it."""
    adds: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Parameters that select the part of that page."""
    renames: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """New names of parameters, by old name."""


OLD_ADDRESSES = {
    "inspect": OldAddress(page="pages/views/ask.py"),
    "causality": OldAddress(page="pages/views/test.py"),
    "annotate": OldAddress(page="pages/views/mark.py"),
    "side-by-side": OldAddress(page="pages/views/judge_pairs.py"),
    "compare": OldAddress(
        page="pages/views/ask.py", adds={"all": "true"}, renames={"compare_family": "base"}
    ),
    "datasets": OldAddress(page="pages/views/data_models.py", adds={"part": "Datasets"}),
    "library": OldAddress(page="pages/views/data_models.py", adds={"part": "Model pairs"}),
    "demo": OldAddress(page="pages/views/evidence.py"),
}


def parameters(old: OldAddress, given: Mapping[str, str]) -> dict[str, str]:
    """The parameters of the new address.

    >>> parameters(OLD_ADDRESSES["compare"], {"ask": "Who?"})
    {'ask': 'Who?', 'all': 'true'}
    """
    renamed = {old.renames.get(name, name): value for name, value in given.items()}
    return renamed | dict(old.adds)


def hidden_pages() -> list[st.Page]:
    """Pages that are in no menu and only lead on."""
    return [
        st.Page(_leads_to(old), title=path, url_path=path, visibility="hidden")
        for path, old in OLD_ADDRESSES.items()
    ]


def _leads_to(old: OldAddress) -> Callable[[], None]:
    def lead_on() -> None:
        open_page(old.page, parameters(old, st.query_params.to_dict()), replaces=True)

    return lead_on
