"""The answers that a new study takes: filtered, listed, and removed or added one by one."""

from dataclasses import dataclass, field

import streamlit as st

from itlim.schema import DecodingMode
from itlim.store.answers import Answer, answer_counts, stored_answers
from itlim.store.runs import load_measured
from itlim.text.messages import plural
from itlim.ui.mark.item_list import ListedItem, add_field, item_list
from itlim.ui.shared import services
from itlim.ui.shared.public import limited

DEFAULT_PAIRS = ("demo-sft",)
MAX_PER_PAIR = 2000
_KEY = "new_study_items"
_FROM_LINK = "new_study_linked_run"


@dataclass
class _Changes:
    """What the visitor removed from and added to the filtered answers, by run id."""

    removed: set[str] = field(default_factory=set)
    added: list[str] = field(default_factory=list)

    def remove(self, run_id: str) -> None:
        """Remove an answer from the list."""
        self.removed.add(run_id)
        if run_id in self.added:
            self.added.remove(run_id)

    def add(self, run_id: str) -> None:
        """Add an answer to the list, or return it there."""
        if run_id in self.removed:
            self.removed.discard(run_id)
        if run_id not in self.added:
            self.added.append(run_id)


def choose_answers() -> list[Answer]:
    """Draw the filters and the list; the answers in the list, in order."""
    changes: _Changes = st.session_state.setdefault(_KEY, _Changes())
    _add_linked(changes)
    pairs, limit, search, with_scored = _filters()
    matching = stored_answers(services.store(), pairs=pairs, search=search, with_scored=with_scored)
    chosen = _chosen(matching, limit, changes, with_scored=with_scored)
    names = {one.run_id for one in chosen}
    st.markdown(f"**{plural(len(chosen), 'item')}**")
    if chosen:
        item_list([_listed(one) for one in chosen], key=_KEY, on_remove=changes.remove)
    else:
        st.info(
            "No stored answers match. Relax the filters, or ask questions first.",
            icon=":material/note_stack:",
        )
    others = [_listed(one) for one in matching if one.run_id not in names]
    add_field(others, key=f"{_KEY}-add", on_add=changes.add)
    return chosen


def _add_linked(changes: _Changes) -> None:
    """Add the answer that "Mark it" was pressed for, once per link."""
    linked = st.query_params.get("run")
    if linked and linked != st.session_state.get(_FROM_LINK):
        st.session_state[_FROM_LINK] = linked
        changes.add(linked)
        run = load_measured(services.store(), linked)
        if run is not None and run.decoding == DecodingMode.PASTED:
            st.session_state["study_scored"] = True


def forget_changes() -> None:
    """Start the next study with an unchanged list."""
    st.session_state.pop(_KEY, None)


def _filters() -> tuple[list[str], int, str, bool]:
    with_scored = bool(st.session_state.get("study_scored", False))
    counts = answer_counts(services.store(), with_scored=with_scored)
    left, middle, right = st.columns([4, 1.2, 2])
    pairs = left.multiselect(
        "Answers by",
        list(counts),
        default=[name for name in DEFAULT_PAIRS if name in counts],
        format_func=lambda name: f"{name} ({counts.get(name, 0):,} stored)",
        key="study_pairs",
        persist_state="session",
    )
    limit = middle.number_input(
        "Newest, per pair", 0, MAX_PER_PAIR, 20, key="study_limit", persist_state="session"
    )
    search = limited(
        right.text_input, "Containing the words", key="study_search", persist_state="session"
    )
    st.toggle(
        "Include texts entered by people and only scored by the models",
        key="study_scored",
        persist_state="session",
        help="Such a text is not an answer of a model, so it is normally left out.",
    )
    return pairs, int(limit), search.strip(), with_scored


def _chosen(
    matching: list[Answer], limit: int, changes: _Changes, *, with_scored: bool
) -> list[Answer]:
    """Those that were added, then the first answers per pair that were not removed."""
    taken: dict[str, int] = {}
    chosen = []
    for one in matching:
        if taken.get(one.pair, 0) < limit and one.run_id not in changes.added:
            taken[one.pair] = taken.get(one.pair, 0) + 1
            if one.run_id not in changes.removed:
                chosen.append(one)
    pairs = list(answer_counts(services.store(), with_scored=with_scored))
    known = {
        one.run_id: one
        for one in stored_answers(services.store(), pairs=pairs, with_scored=with_scored)
    }
    return [known[run_id] for run_id in changes.added if run_id in known] + chosen


def _listed(one: Answer) -> ListedItem:
    source = f"entered text, scored by {one.pair}" if one.is_scored else one.pair
    return ListedItem(key=one.run_id, instruction=one.instruction, text=one.response, source=source)
