"""The filters of the Findings page: tags, length of the answers, and tuning dataset."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from itlim.findings.length import WordRange
from itlim.library import Library
from itlim.store.answers import responses_by_run
from itlim.store.batches import tags_by_run
from itlim.store.connection import Store
from itlim.store.stamps import data_stamp
from itlim.ui.findings.variants import variant_responses, variant_tags
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view


def chosen_dataset(library: Library, pairs: Sequence[str]) -> list[str]:
    """Let the visitor choose a tuning dataset; returns the pairs that were tuned on it.

    Args:
        library: describes the pairs.
        pairs: names of the pairs to choose from; all of them are returned without a choice.
    """
    known = library.known_pairs
    tuned_on = {name: known[name].dataset for name in pairs if name in known}
    names = sorted({dataset for dataset in tuned_on.values() if dataset})
    if not names:
        return list(pairs)
    chosen = _chosen_name(
        names,
        "tuned_on",
        "Tuned on",
        placeholder="Any dataset",
        key="findings_dataset",
        help="Only pairs that were tuned on this dataset.",
    )
    return [name for name in pairs if chosen is None or tuned_on.get(name) == chosen]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenAnswers:
    """The answers that the visitor chose."""

    run_ids: frozenset[str] | None
    """None for all."""
    tag: str
    """Their task or topic; empty for all."""
    words: WordRange
    """Their numbers of words."""


def chosen_answers() -> ChosenAnswers:
    """The runs with the chosen tag and length.

    Raises:
        InputError: the shortest length is above the longest.
    """
    (tag, tagged), (words, long_enough) = _chosen_tag(), _chosen_length()
    if tagged is None or long_enough is None:
        runs = tagged if long_enough is None else long_enough
    else:
        runs = tagged & long_enough
    return ChosenAnswers(run_ids=runs, tag=tag, words=words)


def _chosen_tag() -> tuple[str, frozenset[str] | None]:
    """The task or topic that the visitor chose, and its runs; None without a choice."""
    tags = {**variant_tags(), **tags_by_run(services.store())}
    names = sorted({tag for of_run in tags.values() for tag in of_run})
    if not names:
        return "", None
    chosen = _chosen_name(
        names,
        "tag",
        "Task or topic",
        placeholder="All answers",
        key="findings_tag",
        help="From the tags of batches and of the shipped questions. Answers without the tag are "
        "left out once one is chosen.",
    )
    if chosen is None:
        return "", None
    return chosen, frozenset(run_id for run_id, of_run in tags.items() if chosen in of_run)


def _chosen_name(names: Sequence[str], parameter: str, label: str, **options: Any) -> str | None:
    """A name that may be in the address; None without a choice."""
    given = st.query_params.get(parameter)
    index = names.index(given) if given in names else None
    chosen: str | None = st.selectbox(label, names, index=index, **options)
    write_view(**{parameter: chosen})
    return chosen


def _chosen_length() -> tuple[WordRange, frozenset[str] | None]:
    """The numbers of words that the visitor chose, and their runs; None without a choice."""
    left, right = st.columns(2)
    shortest, longest = (
        column.number_input(
            label,
            min_value=0,
            value=None,
            step=1,
            placeholder="any",
            key=key,
            bind="query-params",
            help="Answers with other numbers of words are left out.",
        )
        for column, label, key in (
            (left, "Words per answer, at least", "shortest"),
            (right, "Words per answer, at most", "longest"),
        )
    )
    words = WordRange(shortest=shortest, longest=longest)
    if not words.is_limited:
        return words, None
    store = services.store()
    return words, _of_length(store, (str(store.path), *data_stamp(store)), words)


@st.cache_data(show_spinner=False, max_entries=20)
def _of_length(_store: Store, state: tuple[object, ...], words: WordRange) -> frozenset[str]:
    """The runs of some length; `state` stands for the stored answers."""
    return words.chosen({**variant_responses(), **responses_by_run(_store)})
