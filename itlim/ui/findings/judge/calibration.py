"""A judge's factuality beside marked phrases, and two judges aspect by aspect."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from itlim.findings.answers import GOLD, PEOPLE
from itlim.findings.reviewed import gold_reviews, people_reviews
from itlim.library import Library
from itlim.records import StoredRun
from itlim.remedies.calibration import Calibration, Disagreement
from itlim.store.annotation_events import count_events
from itlim.store.connection import Store
from itlim.store.ratings import quotes_of
from itlim.store.runs import load_run
from itlim.ui.findings.computing import Choice
from itlim.ui.findings.details import case, finding_table
from itlim.ui.findings.judge.numbers import calibrated, compared
from itlim.ui.findings.judge.raters import chosen_rater, other_rater, ratings_by
from itlim.ui.shared import services
from itlim.ui.shared.navigation import open_page
from itlim.ui.shared.plain_text import plain_caption, plain_line, show_note

_ALL = "all chosen pairs"
_SHOWN = 20
_WRONG_AT = 3
_TITLES = {PEOPLE: "Beside people's marks", GOLD: "Beside known answers"}


def calibration(library: Library, pairs: Sequence[str], choice: Choice) -> None:
    """Draw agreement and disagreements of the chosen judge with each source of marks."""
    rater = chosen_rater()
    if rater is None:
        return
    left, right = st.columns(2)
    of = str(
        left.selectbox("Answers of", [_ALL, *pairs], key="calibrated_pair", bind="query-params")
    )
    wrong_at = int(
        right.slider(
            "Highest factuality that calls an answer wrong", 1, 4, value=_WRONG_AT,
            key="wrong_at", bind="query-params",
        )
    )  # fmt: skip
    table = ratings_by(rater, pairs if of == _ALL else [of], choice)
    for source in _TITLES if choice.marks is None else (choice.marks,):
        st.subheader(_TITLES[source])
        reviewed = _reviews(library, table.to_pylist(), source)
        found = calibrated(table, reviewed, wrong_at=wrong_at, marks_from=source, pair=of)
        _agreement(found, source, rater.judge)
    st.subheader("Beside another judge, by aspect")
    other = other_rater(rater, key="other_rater")
    if other is None:
        show_note(
            "Only one judge has rated answers. People have marked phrases, but scored no aspect: "
            "scores that people gave can be imported as those of a judge."
        )
        return
    second = ratings_by(other, pairs if of == _ALL else [of], choice)
    finding_table(
        compared(table, second, names=f"{rater.title} and {other.title}"),
        key="judge_two_raters",
    )


def _reviews(library: Library, rows: Sequence[Mapping[str, Any]], source: str) -> Any:
    if source == GOLD:
        return gold_reviews(
            (row["run_id"] for row in rows),
            gold=[family.gold for family in library.families.values()],
        )
    store = services.store()
    return _people(store, (str(store.path), count_events(store)))


@st.cache_data(show_spinner="Reading the marks …", max_entries=4)
def _people(_store: Store, state: tuple[str, int]) -> Any:
    """`state` changes with every new mark."""
    return people_reviews(_store)


def _agreement(found: Calibration, source: str, judge: str) -> None:
    if source == PEOPLE:
        plain_caption(
            "Submitted answers of studies with the label not_factual. Those on which suggestions "
            "were shown are left out, because a judge's quotes are suggestions."
        )
    if not found.estimates[0].n:
        show_note(found.estimates[0].missing)
        return
    finding_table(found.estimates, key=f"judge_calibration_{source}")
    _list(found.disagreements, source, judge)


def _list(found: Sequence[Disagreement], source: str, judge: str) -> None:
    n_missed = sum(bool(one.marks) for one in found)
    st.markdown(f"**Disagreements** ({len(found):,})")
    plain_caption(
        f"{n_missed:,} marked as wrong that the judge did not call wrong, "
        f"{len(found) - n_missed:,} that the judge alone calls wrong."
    )
    for one in found[:_SHOWN]:
        _disagreement(one, source, judge)
    if len(found) > _SHOWN:
        plain_caption(f"… and {len(found) - _SHOWN:,} more: choose one pair, or filter by a tag.")


def _disagreement(one: Disagreement, source: str, judge: str) -> None:
    with st.container(border=True):
        key = f"apart-{source}-{one.run_id}"
        case(one.run_id, key=key)
        run = load_run(services.store(), one.run_id)
        if run is None:
            return
        plain_caption(f"{one.pair}: factuality {one.score} of 5. {one.reason}".strip())
        for mark in one.marks:
            _phrase(run, mark.start, mark.stop, "Marked", key=key)
        if not one.marks:
            quotes = quotes_of(services.store(), one.run_id)
            mine = [(start, stop, why) for start, stop, by, why in quotes if by == judge]
            for start, stop, reason in mine[:1]:
                _phrase(run, start, stop, "Quoted by the judge", key=key)
                plain_caption(reason)


def _phrase(run: StoredRun, start: int, stop: int, what: str, *, key: str) -> None:
    """Draw a phrase with a button that traces it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Open the phrase", key=f"{key}-{start}-{stop}"):
            open_page("pages/views/trace.py", {"run": run.run_id, "span": f"{start}-{stop}"})
        plain_line(f"{what}: {run.response[start:stop]}")
