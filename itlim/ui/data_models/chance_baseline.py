"""Fit the chance baseline of an index to the user's own control answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from itlim.settings import is_public
from itlim.text.messages import plural
from itlim.ui.data_models.provenance_work import uploaded_answers
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.uploads import upload_fields

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

_TYPES = ["jsonl", "json", "csv", "tsv", "parquet", "arrow"]


def chance_baseline(index: "TraceIndex") -> None:
    """Show to which answers the baseline was fitted, with a form to fit it to others."""
    from itlim.trace.index.manifest import CONTROLS_NULL_FILE

    null = index.nulls.get("span")
    is_own = CONTROLS_NULL_FILE in index.meta.files
    with st.expander("Chance baseline", key="baseline", bind="query-params"):
        st.text(
            "No baseline: the dataset is too small, so matches are not compared with chance."
            if null is None
            else f"A match counts only if few unrelated answers match as well. Compared with: "
            f"{null.source} ({plural(sum(map(len, null.scores)), 'phrase')})."
        )
        if is_public():
            return
        files = upload_fields(
            "Answers of models that were not tuned on this dataset",
            _TYPES,
            key=f"controls-{index.dataset}",
            help="Rows with an instruction and an output, in any format of datasets. Answers to "
            "prompts like those that you trace make the most accurate baseline; 100 answers or "
            "more are needed.",
        )
        with st.container(horizontal=True):
            fit = st.button("Fit to these answers", disabled=not files, key="fit_baseline")
            reset = is_own and st.button("Return to the shipped baseline", key="reset_baseline")
        if fit or reset:
            with shown_errors():
                _fit(index, files if fit else None)
                st.rerun()


def _fit(index: "TraceIndex", files: Sequence[Any] | None) -> None:
    from itlim.trace import fit_chance

    read = [uploaded_answers(file)() for file in files or ()]
    controls = None if files is None else [pair for one in read for pair in one.pairs]
    bar = st.progress(0.0, text="Fitting the chance baseline …")
    source = f"answers of {', '.join(one.name for one in read)}"

    def show(share: float, text: str) -> None:
        bar.progress(share, text=text)

    fit_chance(index, controls, source=source, progress=show)
    count = "the shipped answers" if controls is None else plural(len(controls), "answer")
    st.toast(f"Chance baseline fitted to {count}.", icon=":material/check_circle:")
