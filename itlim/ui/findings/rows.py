"""The rows of a findings table: the selected ones in the address, and all as a list on a phone."""

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

import streamlit as st
from streamlit.elements.arrow import DataframeStateInput

from itlim.findings.estimates import Estimate
from itlim.ui.shared.navigation import parameters_on_screen
from itlim.ui.shared.permalink import joined_names, names_in, write_view


def rows_in_address(found: Sequence[Estimate]) -> DataframeStateInput:
    """The selection of a table with these rows that the address names."""
    named = _named()
    return {"selection": {"rows": [at for at, one in enumerate(found) if _name(one) in named]}}


def write_rows(found: Sequence[Estimate], picked: Sequence[int]) -> None:
    """Name the selected rows of one table in the address; those of other tables stay."""
    mine = {_name(one) for one in found}
    chosen = [_name(found[at]) for at in picked if at < len(found)]
    kept = [name for name in _named() if name not in mine]
    write_view(row=joined_names([*kept, *chosen]) or None)


def narrow_list(found: Sequence[Estimate], *, key: str) -> None:
    """Draw each number with its interval and n, one below the other, where the table is too wide.

    `style.py` shows either this list or the element after it, which is the table. A link opens the
    same page with its row selected.
    """
    with st.container(key=f"narrow-{key}"):
        st.html(f"<ul>{''.join(map(_item, found))}</ul>")


def _item(one: Estimate) -> str:
    address = parameters_on_screen() | {"row": joined_names([_name(one)])}
    link = (
        f"<a href='?{escape(urlencode(address))}#how-it-is-computed' target='_self'>"
        "How it is computed, and its cases</a>"
    )
    return (
        f"<li><div>{escape(one.claim)}</div><div>{escape(one.pair)}: "
        f"{escape(_value(one))}</div>{link}</li>"
    )


def _value(one: Estimate) -> str:
    if one.value is None:
        return one.missing
    interval = "" if one.ci_low is None else f" ({one.ci_low:.3g} to {one.ci_high:.3g})"
    paper = "" if one.paper_value is None else f"; paper: {one.paper_value:.3g}"
    return f"{one.value:.3g} {one.unit}{interval}, n = {one.n:,} {one.of}{paper}"


def _name(one: Estimate) -> str:
    return f"{one.pair}:{one.finding_id}"


def _named() -> list[str]:
    return names_in(st.query_params.get("row"))
