"""Choose a study, or create one from a file or from stored answers."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from itlim.annotation.protocol import (
    checked_study,
    item_of_run,
    plan_items,
    study_from_toml,
    study_id_of,
)
from itlim.errors import InputError
from itlim.records import Item, Study
from itlim.store.runs import list_runs, require_run
from itlim.store.studies import create_study, list_studies
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.services import shown_errors

MAX_RUNS = 2000
GUIDELINE = """Mark every passage that is **not factual** (it is untrue) or
**not useful**.

- Mark the words that are wrong, not the whole sentence.
- A passage can be true and still not useful.
- If you are not sure, look it up and add the address to the mark.
- If nothing is wrong, submit without marks: that is a result, too.
"""


def choose_study(among: Sequence[Study] | None = None) -> Study | None:
    """The study in the URL or from the list; None if there is none.

    Args:
        among: the studies to choose from; all studies with marks if None.
    """
    found = list_studies(services.store()) if among is None else among
    studies = {study.study_id: study for study in found}
    if not studies:
        return None
    named = st.query_params.get("study")
    if named and named not in studies:
        st.warning(f"There is no study {named!r} here. Choose one from the list.", icon="🔎")
    chosen = st.selectbox(
        "Study",
        list(studies),
        index=list(studies).index(named) if named in studies else 0,
        format_func=lambda name: studies[name].title,
        width=300,
    )
    if chosen != named:
        write_view(study=chosen, item=None)
    return studies[chosen]


def new_study_form(by: str) -> None:
    """Draw the form; a new study is opened."""
    with shown_errors():
        written = _from_file() or _from_form()
        if written is None:
            return
        study, pairs, limit, search = written
        items = _items(study, pairs, limit, search)
        create_study(services.store(), study, items, by=by)
        st.toast(f"{study.title}: {plural(len(items), 'item')}.", icon="✅")
        write_view(study=study.study_id, item=None)
        st.rerun()


_NewStudy = tuple[Study, list[str], int, str]
"""The study, the pairs whose answers it takes, answers per pair, words that they contain."""


def _from_file() -> _NewStudy | None:
    file = st.file_uploader("A study file (TOML)", type=["toml"], key="study_file")
    if file is None:
        st.caption("Or define it here:")
        return None
    study = study_from_toml(file.getvalue().decode("utf-8", errors="replace"))
    st.success(
        f"{study.title}: {plural(study.annotators_per_item, 'annotator')} per item, "
        f"{plural(study.pilot, 'pilot item')}."
    )
    pairs, limit, search = _choose_runs("file")
    return (study, pairs, limit, search) if st.button("Create study", type="primary") else None


def _from_form() -> _NewStudy | None:
    if st.session_state.get("study_file") is not None:
        return None
    with st.form("new_study", border=False):
        title = st.text_input("Title", placeholder="Wrong words, first round").strip()
        pairs, limit, search = _choose_runs("form")
        first, second, third, fourth = st.columns(4)
        people = first.number_input("Annotators per item", 1, 9, 2, help="The paper used two.")
        pilot = second.number_input("Pilot items", 0, 500, 0, help="Annotated first, by everyone.")
        size = third.number_input("Items per batch", 0, 2000, 0, help="0 = one batch.")
        seed = fourth.number_input("Shuffle seed", 0, 10**6, 0)
        guideline = st.text_area("Guideline", GUIDELINE, height=180)
        suggestions = st.toggle(
            "Suggest suspicious spans",
            help="Off in the paper. Sheets with suggestions are excluded from the agreement on "
            "marks.",
        )
        if not st.form_submit_button("Create study", type="primary"):
            return None
    if not title:
        raise InputError("The study has no title: enter one.")
    study = Study(
        study_id=study_id_of(title),
        title=title,
        guideline=guideline,
        annotators_per_item=int(people),
        pilot=int(pilot),
        batch_size=int(size),
        seed=int(seed),
        suggestions=suggestions,
        decoys=1,
    )
    return checked_study(study), pairs, limit, search


def _choose_runs(key: str) -> tuple[list[str], int, str]:
    """Choose stored answers by pair, number and words."""
    runs = list_runs(services.store(), limit=MAX_RUNS).to_pandas()
    counts = runs.groupby("pair").size() if len(runs) else pd.Series(dtype=int)
    left, middle, right = st.columns([4, 1, 2])
    pairs = left.multiselect(
        "Answers by",
        list(counts.index),
        default=[name for name in ("demo-sft",) if name in counts.index],
        format_func=lambda name: f"{name} ({counts[name]:,} stored)",
        key=f"study_pairs_{key}",
    )
    limit = middle.number_input("Answers per pair", 1, MAX_RUNS, 20, key=f"study_limit_{key}")
    search = right.text_input("Containing the words", key=f"study_search_{key}")
    return pairs, int(limit), search.strip()


def _items(study: Study, pairs: list[str], limit: int, search: str) -> list[Item]:
    if not pairs:
        raise InputError("No answers were chosen: choose at least one pair.")
    store = services.store()
    found = [
        item_of_run(require_run(store, run_id), study.study_id)
        for pair in pairs
        for run_id in list_runs(store, pairs=[pair], search=search, limit=limit)[
            "run_id"
        ].to_pylist()
    ]
    usable = [item for item in found if item.text.strip()]
    if not usable:
        raise InputError("No stored answers match. Relax the filters, or ask questions first.")
    return plan_items(usable, study)
