"""Search the datasets: exact words, similar text, similar instructions."""

import streamlit as st

from itlim.components.trace.hits import hits_payload
from itlim.errors import EncoderError
from itlim.library import DatasetEntry
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.mounts.trace import trace_hits
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import show_warning, shown_errors
from itlim.ui.shared.public import MAX_SEARCH, check_length, longest
from itlim.ui.shared.tracing.datasets import licences, selected_datasets
from itlim.ui.shared.tracing.indexes import usable_indexes
from itlim.ui.trace.own_text import leave_own_text

MODES = {
    "exact": "Exact words",
    "fuzzy": "Similar text",
    "semantic": "Similar instructions",
}
SHOWN = 30


def show_search() -> str | None:
    """Let the user search; show the hits.

    Returns:
        The instance for which other responses were requested in this script run, else None.
    """
    write_view(run=None, span=None, cand=None, sides=None)
    leave_own_text()
    text, mode, entries = _query()
    with shown_errors():
        indexes = usable_indexes(entries)
        if not text.strip():
            st.info(
                "Enter some words: a name, a phrase, or a whole question.", icon=":material/search:"
            )
            return None
        check_length(text, MAX_SEARCH, "search")
        # Imported late: numba and FAISS load only if something is searched.
        from itlim.trace.search import SearchMode, count_exact, search

        chosen = SearchMode(mode)
        hits, notes = [], []
        for index in indexes:
            try:
                with st.spinner("Searching …"):
                    hits += search(index, text, chosen, SHOWN)
            except EncoderError as error:
                show_warning(error, icon=":material/abc:")
                return None
            if chosen is SearchMode.EXACT:
                instances, times = count_exact(index, text)
                notes.append(
                    f"{as_markdown(index.dataset)}: {plural(times, 'occurrence')} in "
                    f"{plural(instances, 'instance')}"
                )
        hits.sort(key=lambda hit: -hit.score)
        if not hits:
            st.info(_no_hits(chosen), icon=":material/search_off:")
            return None
        st.caption(" · ".join(notes) or f"Top {min(len(hits), SHOWN)}, best first.")
        return trace_hits(
            hits_payload(hits[:SHOWN], doc=f"{mode}/{text}", licences=licences(entries)),
            key="search-hits",
        )
    return None


def _query() -> tuple[str, str, list[DatasetEntry]]:
    library = services.library()
    left, middle, right = st.columns([5, 6, 4], vertical_alignment="bottom")
    text = left.text_input(
        "Words",
        key="q",
        bind="query-params",
        placeholder="Maureen Wheeler",
        max_chars=longest(MAX_SEARCH),
    )
    mode = middle.segmented_control(
        "Mode",
        list(MODES),
        default="exact",
        format_func=MODES.__getitem__,
        key="mode",
        bind="query-params",
        required=True,
    )
    known = [name for name, entry in library.datasets.items() if entry.source]
    with right:
        chosen = selected_datasets(
            known, ["demo"] if "demo" in known else [], key="search_datasets"
        )
    return text, mode, [library.dataset(name) for name in chosen]


def _no_hits(mode: str) -> str:
    hints = {
        "exact": "No instance contains these words in this order. Try “Similar text”.",
        "fuzzy": "No instance contains similar text. Try “Similar instructions”.",
        "semantic": "There are no instances to search. Select a dataset.",
    }
    return hints[mode]
