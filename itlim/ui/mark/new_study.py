"""The form for a new study: its items are listed before the button creates it."""

from dataclasses import replace
from typing import Literal, TypedDict

import streamlit as st

from itlim.annotation.protocol import (
    checked_study,
    item_of_run,
    people_from,
    plan_items,
    study_from_toml,
    study_id_of,
)
from itlim.errors import InputError
from itlim.records import Study
from itlim.store.answers import Answer
from itlim.store.runs import require_run
from itlim.store.studies import create_study
from itlim.text.messages import plural
from itlim.ui.mark.answers import choose_answers, forget_changes
from itlim.ui.shared import services
from itlim.ui.shared.people import names_field
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import plain_line, shown_errors
from itlim.ui.shared.public import MAX_GUIDELINE, Action, is_refused, limited
from itlim.ui.shared.uploads import upload_field

GUIDELINE = """Mark every passage that is **not factual** (it is untrue) or
**not useful**.

- Mark the words that are wrong, not the whole sentence.
- A passage can be true and still not useful.
- If you are not sure, look it up and add the address to the mark.
- If nothing is wrong, submit without marks: that is a result, too.
"""


_DRAFT, _NAMES = "new_study", ("new_adjudicators", "new_annotators")
"""Beginning of the keys of the form's fields, and keys of its fields of names."""


def new_study_form(by: str) -> Study | None:
    """Draw the form.

    It is not an `st.form`, because Enter in a number field of one would create the study.

    Returns:
        The study, if it was created in this script run.
    """
    with shown_errors():
        file = None
        if not is_refused(Action.STUDY_FILES):
            with st.expander("Use a study file (TOML)", key="study-file", bind="query-params"):
                file = upload_field("A study file (TOML)", ["toml"], megabytes=1, key="study_file")
        if file is None:
            title = limited(
                st.text_input,
                "Title",
                placeholder="Wrong words, first round",
                **_draft("title"),
            ).strip()
            answers = choose_answers()
            study = _rules(title, by)
        else:
            study = study_from_toml(file.getvalue().decode("utf-8", errors="replace"))
            title = study.title
            plain_line(
                f"{title}: {plural(study.annotators_per_item, 'annotator')} per item, "
                f"{plural(study.pilot, 'pilot item')}."
            )
            answers = choose_answers()
        label = f"Create study with {plural(len(answers), 'item')}"
        if st.button(label, type="primary", key="create_study"):
            return _create(study, title, answers, by)
    return None


def _create(study: Study, title: str, answers: list[Answer], by: str) -> Study:
    if not title:
        raise InputError("The study has no title: enter one.")
    if not answers:
        raise InputError("The study has no items: choose at least one answer.")
    study = checked_study(
        replace(study, title=title, study_id=study.study_id or study_id_of(title))
    )
    store = services.store()
    items = [item_of_run(require_run(store, one.run_id), study.study_id) for one in answers]
    create_study(store, study, plan_items(items, study), by=by)
    _forget_draft()
    write_view(study=study.study_id, item=None)
    return study


class _Kept(TypedDict):
    """Arguments of a field whose value is kept over changes of the page."""

    key: str
    persist_state: Literal["session"]


def _draft(name: str) -> _Kept:
    return {"key": f"{_DRAFT}-{name}", "persist_state": "session"}


def _forget_draft() -> None:
    """Empty the form for the next study."""
    forget_changes()
    for key in [str(key) for key in st.session_state]:
        if key in _NAMES or key.startswith(f"{_DRAFT}-"):
            del st.session_state[key]


def _rules(title: str, by: str) -> Study:
    """Draw the rules of the study; the study without an id, which its title gives."""
    with st.expander("Rules and guideline", key="rules", bind="query-params"):
        first, second, third, fourth = st.columns(4)
        k = first.number_input(
            "Annotators per item", 1, 9, 2, help="The paper used two.", **_draft("people")
        )
        pilot = second.number_input(
            "Pilot items", 0, 500, 0, help="Annotated first, by everyone.", **_draft("pilot")
        )
        size = third.number_input(
            "Items per batch", 0, 2000, 0, help="0 means one batch.", **_draft("batch")
        )
        seed = fourth.number_input("Shuffle seed", 0, 10**6, 0, **_draft("seed"))
        guideline = limited(
            st.text_area,
            "Guideline",
            GUIDELINE,
            height=180,
            limit=MAX_GUIDELINE,
            **_draft("guideline"),
        )
        suggestions = st.toggle(
            "Suggest suspicious spans",
            help="Off in the paper. Sheets with suggestions are excluded from the agreement on "
            "marks.",
            **_draft("suggestions"),
        )
    left, right = st.columns(2)
    with left:
        adjudicators = names_field(
            "Adjudicators", [by], key=_NAMES[0], persist_state="session",
            help="Only they set final spans. You are the admin, who can always adjudicate.",
        )  # fmt: skip
    with right:
        annotators = names_field(
            "Annotators", [], key=_NAMES[1], persist_state="session",
            help="If empty, everybody can annotate.",
        )  # fmt: skip
    return Study(
        study_id="",
        title=title,
        guideline=guideline,
        annotators_per_item=int(k),
        pilot=int(pilot),
        batch_size=int(size),
        seed=int(seed),
        suggestions=suggestions,
        decoys=1,
        people=people_from(annotators=annotators, adjudicators=adjudicators, admins=[by]),
    )
