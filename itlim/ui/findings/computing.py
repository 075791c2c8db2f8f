"""Start the findings of the chosen pairs, and show their progress until they are done."""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from itlim.findings.length import ANY_LENGTH, WordRange
from itlim.findings.library_pairs import is_shipped_variant
from itlim.library import Library
from itlim.store.stamps import findings_stamp
from itlim.ui.findings.work import FindingsWork
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import show_error
from itlim.ui.shared.public import begin
from itlim.ui.shared.tracing.indexes import index_state, usable_indexes
from itlim.ui.shared.work_progress import work_progress

if TYPE_CHECKING:
    from itlim.trace import TraceIndex


FURTHER = "further"
"""Slot of pairs that are not chosen for the page and that figures of many pairs show."""
MAX_FINISHED = 8
"""Number of finished findings that are shared by all visitors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the visitor chose for the whole page."""

    marks: str | None
    """`gold`, `people` or None for gold marks where there are any."""
    run_ids: frozenset[str] | None
    """Runs with the chosen tag and length; None for all."""
    tag: str = ""
    """The chosen tag; empty for all."""
    words: WordRange = ANY_LENGTH
    """The chosen length."""


def computed(
    library: Library, pairs: Sequence[str], choice: Choice, *, slot: str
) -> FindingsWork | None:
    """The finished findings of some pairs; None while they are computed or if they failed.

    Args:
        library: describes the pairs.
        pairs: names of pairs and variants.
        choice: source of marks, and answers.
        slot: key of the session state; unique within a script run.
    """
    indexes = _indexes(library, pairs, builds_for_variants=slot != FURTHER)
    store = services.store()
    # Other answers, tags, marks and tests make a new question, such as those of a resumed batch.
    state = (str(store.path), *findings_stamp(store))
    contents = tuple(sorted((name, one.meta.dataset_sha256) for name, one in indexes.items()))
    asked = (tuple(pairs), contents, state, choice)
    work_key, asked_key = f"findings_work_{slot}", f"findings_asked_{slot}"
    if st.session_state.get(asked_key) != asked or work_key not in st.session_state:
        work = _finished().get(asked)
        if work is None:
            work = begin(
                FindingsWork(
                    store,
                    library,
                    pairs,
                    indexes,
                    choice.marks,
                    choice.run_ids,
                    choice.tag,
                    choice.words,
                )
            )
            # Kept findings are read at once.
            work.wait(1.0)
        st.session_state[work_key], st.session_state[asked_key] = work, asked
    found: FindingsWork = st.session_state[work_key]
    if not found.done:
        work_progress(found, key=f"findings_cancel_{slot}")
    elif found.was_cancelled:
        st.info("Canceled. Pairs that were finished are kept.", icon=":material/pan_tool:")
        if st.button("Compute the findings", type="primary", key=f"findings_again_{slot}"):
            st.session_state.pop(work_key)
            st.rerun()
    elif found.error is not None:
        show_error(found.error)
    else:
        _finished().add(asked, found)
        return found
    return None


class _Finished:
    """Finished findings of all visitors; each holds the answers and tokens of its pairs."""

    def __init__(self) -> None:
        self._works: OrderedDict[Hashable, FindingsWork] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, asked: Hashable) -> FindingsWork | None:
        with self._lock:
            return self._works.get(asked)

    def add(self, asked: Hashable, work: FindingsWork) -> None:
        """Keep a work; the one that was used least recently is dropped."""
        with self._lock:
            self._works[asked] = work
            self._works.move_to_end(asked)
            while len(self._works) > MAX_FINISHED:
                self._works.popitem(last=False)


@st.cache_resource(show_spinner=False)
def _finished() -> _Finished:
    return _Finished()


def _indexes(
    library: Library, pairs: Sequence[str], *, builds_for_variants: bool
) -> "dict[str, TraceIndex]":
    """The index of each pair's dataset.

    Those of shipped datasets are built if missing, but not for variants that only a figure of many
    pairs shows.
    """
    known = library.known_pairs
    datasets = {name: known[name].dataset for name in pairs if name in known}
    needed = [
        library.dataset(dataset)
        for dataset in dict.fromkeys(
            dataset
            for name, dataset in datasets.items()
            if dataset is not None
            and (builds_for_variants or not is_shipped_variant(library, name))
        )
        if dataset is not None
    ]
    usable_indexes(needed, words_suffice=True)
    states = {
        dataset: index_state(library.dataset(dataset)).index
        for dataset in set(datasets.values())
        if dataset is not None
    }
    return {
        name: index
        for name, dataset in datasets.items()
        if dataset is not None and (index := states[dataset]) is not None
    }
