"""The items of a study for its admin: changed until somebody marks, then who has which."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from itlim.annotation.protocol import item_of_run, plan_items
from itlim.records import Item, Study
from itlim.store.answers import answer_counts, stored_answers
from itlim.store.claims import ClaimState, claim_states
from itlim.store.runs import require_run
from itlim.store.studies import delete_study, has_marks, replace_items
from itlim.text.messages import plural
from itlim.ui.mark.item_list import ListedItem, add_field, item_list
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import shown_errors

_STATES = {
    ClaimState.OPEN: "in progress",
    ClaimState.SUBMITTED: "submitted",
    ClaimState.SKIPPED: "skipped",
    ClaimState.RELEASED: "abandoned",
}


def study_items(study: Study, items: list[Item], person: str) -> None:
    """Draw the items, and what an admin can change while nobody has marked."""
    st.markdown(f"**{plural(len(items), 'item')}**")
    if has_marks(services.store(), study.study_id):
        st.dataframe(_table(study, items), hide_index=True)
        st.caption("Somebody has marked, so the items are fixed.")
        return
    st.caption("Nobody has marked yet, so items can be removed and added.")
    key = f"items-{study.study_id}"
    listed = [ListedItem(key=one.item_id, instruction=one.instruction, text=one.text)
              for one in items]  # fmt: skip
    item_list(listed, key=key, on_remove=lambda name: _remove(study, items, name))
    _add(study, items, key)
    with st.popover("Delete this study", icon=":material/delete:"):
        st.text(study.title)
        if st.button("Delete", type="primary", key="delete_study"):
            with shown_errors():
                delete_study(services.store(), study.study_id)
                write_view(study=None, item=None)
                st.rerun()


def _table(study: Study, items: list[Item]) -> pd.DataFrame:
    states = claim_states(services.store(), study.study_id)
    people: dict[str, list[str]] = {}
    for (item_id, who), state in sorted(states.items()):
        people.setdefault(item_id, []).append(f"{who} ({_STATES[state]})")
    return pd.DataFrame(
        [
            {
                "item": one.instruction,
                "response": one.text,
                "batch": one.batch,
                "annotators": ", ".join(people.get(one.item_id, [])),
            }
            for one in items
        ]
    )


def _add(study: Study, items: list[Item], key: str) -> None:
    store = services.store()
    known = {one.run_id for one in items}
    offered = [
        ListedItem(key=one.run_id, instruction=one.instruction, text=one.response, source=one.pair)
        for one in stored_answers(store, pairs=list(answer_counts(store)))
        if one.run_id not in known
    ]
    add_field(offered, key=f"{key}-add", on_add=lambda run_id: _append(study, items, run_id))


def _append(study: Study, items: list[Item], run_id: str) -> None:
    with shown_errors():
        new = item_of_run(require_run(services.store(), run_id), study.study_id)
        _replace(study, [*items, new])


def _remove(study: Study, items: list[Item], item_id: str) -> None:
    with shown_errors():
        _replace(study, [one for one in items if one.item_id != item_id])


def _replace(study: Study, items: list[Item]) -> None:
    """Store the items; they are shuffled again with the study's seed, in a fixed initial order."""
    ordered = sorted((replace(one, position=0) for one in items), key=lambda one: one.item_id)
    replace_items(services.store(), study.study_id, plan_items(ordered, study))
