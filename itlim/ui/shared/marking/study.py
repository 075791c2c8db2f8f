"""Choose a study; the address names it."""

from collections.abc import Sequence

import streamlit as st

from itlim.records import Study
from itlim.store.studies import list_studies
from itlim.text.markdown import as_markdown
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view


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
        named_text = as_markdown(repr(named[:80]))
        st.warning(
            f"There is no study {named_text} here. Choose one from the list.",
            icon=":material/search:",
        )
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
