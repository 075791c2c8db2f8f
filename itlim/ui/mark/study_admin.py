"""The admin panel of a study: items, progress, next batch, comments, guideline, audit."""

from collections import Counter
from dataclasses import replace

import pandas as pd
import streamlit as st

from itlim.annotation.protocol import audit_sample, has_role
from itlim.annotation.recording import study_comments
from itlim.records import Item, Role, Study
from itlim.store.claims import ClaimState, claim_states
from itlim.store.studies import change_study, items_of
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.mark.study_items import study_items
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import plain_line, shown_errors
from itlim.ui.shared.public import MAX_GUIDELINE, limited


def study_admin(study: Study, person: str) -> None:
    """Draw the panel, for admins only."""
    if not has_role(study, person, Role.ADMIN):
        return
    with shown_errors():
        items = items_of(services.store(), study.study_id)
        study_items(study, items, person)
        _batches(study, items, person)
        _comments(study)
        _guideline(study, person)
        _audit(study, items)


def _batches(study: Study, items: list[Item], person: str) -> None:
    """Draw the submissions per batch and the button that opens the next batch."""
    states = claim_states(services.store(), study.study_id)
    done = Counter(item for (item, _), state in states.items() if state is ClaimState.SUBMITTED)
    last = max((item.batch for item in items), default=0)
    rows = [
        {
            "batch": f"{batch} (pilot)" if study.pilot and batch == 0 else str(batch),
            "items": sum(item.batch == batch for item in items),
            "submitted sheets": sum(done[i.item_id] for i in items if i.batch == batch),
            "required sheets": study.annotators_per_item * sum(i.batch == batch for i in items),
            "open": batch <= study.open_batch,
        }
        for batch in range(last + 1)
    ]
    st.markdown("**Progress**")
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    if study.open_batch < last and st.button(f"Open batch {study.open_batch + 1}"):
        changed = replace(study, open_batch=study.open_batch + 1)
        change_study(services.store(), changed, by=person)
        st.rerun()


def _comments(study: Study) -> None:
    comments = study_comments(services.store(), study.study_id)
    if comments:
        st.markdown("**Comments**")
        for who, text in comments:
            plain_line(f"{who}: {text}")


def _guideline(study: Study, person: str) -> None:
    """Draw the guideline editor; a change creates a new version, to which later edits refer."""
    version = study.guideline_version
    # No st.form: it would lose a draft. The next version is another field.
    text = limited(
        st.text_area,
        f"Guideline, version {as_markdown(version)}",
        study.guideline,
        key=f"guideline-{study.study_id}-{version}",
        persist_state="session",
        limit=MAX_GUIDELINE,
    )
    if st.button("Save as a new version", key="save_guideline") and text != study.guideline:
        new = str(int(version) + 1) if version.isdecimal() and len(version) < 9 else f"{version}+"
        change_study(
            services.store(), replace(study, guideline=text, guideline_version=new), by=person
        )
        st.rerun()


def _audit(study: Study, items: list[Item]) -> None:
    drawn = set(audit_sample(items, study))
    if drawn:
        st.markdown(f"**Audit**: {plural(len(drawn), 'item')}, drawn with seed {study.seed}")
        for item in items:
            if item.item_id in drawn:
                st.page_link(
                    "pages/views/adjudicate.py",
                    label=as_markdown(item.instruction[:90]),
                    query_params={"study": study.study_id, "item": item.item_id},
                )
