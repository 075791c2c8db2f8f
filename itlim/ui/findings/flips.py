"""The instructions on which exactly one of two pairs' answers has a property, with both answers."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from itlim.findings.comparison import Comparison
from itlim.findings.comparison_rows import FLIP_CLAIMS, flip_rows, flip_sentence
from itlim.findings.flips import FlipKind, Flips
from itlim.text.markdown import as_markdown
from itlim.ui.findings.details import case, table_buttons
from itlim.ui.shared.plain_text import plain_caption, show_note

MAX_FLIPS = 20
"""Number of flips of each direction of which both answers are drawn."""
_TITLES: Mapping[FlipKind, str] = {
    FlipKind.RIGHT: "Known answer with {pair} alone",
    FlipKind.MARKED: "Marked phrase with {pair} alone",
    FlipKind.BORROWED: "Borrowed phrase with {pair} alone",
}
_UNKNOWN: Mapping[FlipKind, str] = {
    FlipKind.RIGHT: "no question of both has a known answer",
    FlipKind.MARKED: "no answers of both were reviewed with the same source of marks",
    FlipKind.BORROWED: "a dataset is unknown, or has no index with a chance baseline",
}


def flips_section(found: Comparison, instructions: Mapping[str, str]) -> None:
    """Draw the flips of every property, and files with all of them."""
    st.subheader("Which answers flip?")
    for flips in found.flips:
        show_note(flip_sentence(found, flips))
        _direction(flips, found.first, flips.only_first)
        _direction(flips, found.second, flips.only_second)
    known = {one.kind for one in found.flips}
    for kind in FlipKind:
        if kind not in known:
            plain_caption(
                f"Whether {FLIP_CLAIMS[kind]} the answers is not known for both: {_UNKNOWN[kind]}."
            )
    rows = flip_rows(found, instructions)
    if rows:
        table_buttons(pd.DataFrame(rows), stem="flips")


def _direction(flips: Flips, pair: str, pairs: Sequence[tuple[str, str]]) -> None:
    if not pairs:
        return
    title = f"{as_markdown(_TITLES[flips.kind].format(pair=pair))} ({len(pairs):,})"
    with st.expander(title, key=f"flips-{flips.kind}-{pair}", bind="query-params"):
        if len(pairs) > MAX_FLIPS:
            plain_caption(
                f"The first {MAX_FLIPS} of {len(pairs):,}; the files below have all of them."
            )
        for ids in pairs[:MAX_FLIPS]:
            for run_id, column in zip(ids, st.columns(2), strict=True):
                with column:
                    case(run_id, key=f"flip-{flips.kind}-{run_id}")
