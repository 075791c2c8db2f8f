"""What can be done to a dataset, with its settings, as widgets of the form."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from itlim.progress import Cancelled, StepProgress
from itlim.records.ratings import Aspect
from itlim.remedies.chat import Usage
from itlim.remedies.deriving import Derived, Parent
from itlim.remedies.evolve_templates import TemplateOperation, evolved_by_templates
from itlim.remedies.evolving import SUBSTITUTION, EvolveOperation
from itlim.remedies.filtering import OFFLINE, Cut, filtered, random_subset
from itlim.remedies.simplify_rules import SimplifyRules
from itlim.remedies.simplifying import simplified_by_rules
from itlim.text.messages import plural
from itlim.ui.data_models.derive_ratings import filtered_by_ratings, newest_filter
from itlim.ui.data_models.derive_server import (
    configured_server,
    evolve_by_server,
    simplify_by_server,
)
from itlim.ui.data_models.derive_work import Chosen
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import plain_caption
from itlim.ui.shared.uploads import upload_field

SIMPLIFY, FILTER, RANDOM, EVOLVE = "Simplify", "Filter", "Random subset", "Evolve"
RULES, SERVER = "Offline", "Model on a server"


def choose(sample: Parent) -> Chosen | None:
    """Draw the operations and their settings; None while something is missing.

    Args:
        sample: the first rows of the dataset.

    Raises:
        InputError: a setting cannot be used.
    """
    operation = st.segmented_control(
        "Operation",
        [SIMPLIFY, FILTER, RANDOM, EVOLVE],
        default=SIMPLIFY,
        required=True,
        key="derive_operation",
    )
    if operation == FILTER:
        return _filter(sample)
    if operation == RANDOM:
        return _random(sample.facts.name)
    how = st.segmented_control("By", [RULES, SERVER], default=RULES, required=True, key="derive_by")
    if how == RULES:
        return _rules() if operation == SIMPLIFY else _templates()
    return _by_server(operation, sample)


def _rules() -> Chosen:
    left, right = st.columns(2)
    rules = SimplifyRules(
        sentences=int(left.number_input("Sentences kept", 1, 50, 2, key="derive_sentences")),
        items=int(
            right.number_input(
                "List items kept",
                1,
                50,
                3,
                key="derive_items",
                help="Unless the instruction states a number.",
            )
        ),
    )
    st.caption(
        "Rules drop opening and closing formulas, later sentences and list items, and shorten "
        "phrases. They add no text and do not know what is true or helpful. Code, summaries, "
        "translations, classifications and creative writing stay as they are."
    )

    def make(
        parent: Parent, _out: Path, _usage: Usage, progress: StepProgress, cancelled: Cancelled
    ) -> Derived:
        return simplified_by_rules(parent, rules, progress=progress, cancelled=cancelled)

    return Chosen(suffix="simplified", make=make)


def _templates() -> Chosen | None:
    operations = _operations(list(TemplateOperation))
    seed = int(st.number_input("Seed", 0, 1_000_000, 0, key="derive_seed"))
    st.caption(
        "Templates add only requirements that the responses already meet: no response says "
        "anything new. This is not Evol-Instruct's rewriting by a model."
    )
    if not operations:
        return None

    def make(
        parent: Parent, _out: Path, _usage: Usage, _progress: StepProgress, _cancelled: Cancelled
    ) -> Derived:
        return evolved_by_templates(parent, [TemplateOperation(one) for one in operations], seed)

    return Chosen(suffix="evolved-templates", make=make)


def _operations(names: Sequence[str]) -> list[str]:
    found = st.pills(
        "Operations",
        list(map(str, names)),
        selection_mode="multi",
        default=list(map(str, names)),
        key=f"derive_operations_{names[-1]}",
    )
    return [one for one in map(str, names) if one in found]


def _filter(sample: Parent) -> Chosen:
    import json

    columns = {name for row in sample.rows() for name in json.loads(row["extra"] or "{}")}
    file = upload_field(
        "Ratings of the responses by a judge (optional)",
        ["parquet"],
        key="derive_ratings",
        help="The file that itlim judge --responses writes for this dataset.",
    )
    left, middle, right = st.columns(3)
    scores = [OFFLINE, *sorted(columns)] if file is None else list(map(str, Aspect))
    score = left.selectbox("Score", scores, key="derive_score")
    by = middle.selectbox("Keep", ["at least a score", "a number of rows"], key="derive_cut")
    if by == "at least a score":
        cut = Cut(threshold=float(right.number_input("Score of at least", value=4.5, step=0.1)))
    else:
        cut = Cut(keep=int(right.number_input("Rows", 1, 10_000_000, 1000)))
    if score == OFFLINE:
        st.caption(
            "The offline score, from 0 to 5, rates the form of a response without a model: whether "
            "it is complete, relevant, informative, varied and clean. It says nothing about truth."
        )

    def make(
        parent: Parent, _out: Path, _usage: Usage, _progress: StepProgress, _cancelled: Cancelled
    ) -> Derived:
        if file is not None:
            return filtered_by_ratings(parent, score, cut, file)
        return filtered(parent, score, cut)

    return Chosen(suffix="filtered", make=make)


def _random(name: str) -> Chosen:
    left, right = st.columns(2)
    made, rows = newest_filter(services.library(), name) or ("", 100)
    key = f"derive_size_{made}" if made else "derive_size"
    size = int(left.number_input("Rows", 1, 10_000_000, rows, key=key))
    seed = int(right.number_input("Seed", 0, 1_000_000, 0, key="derive_seed"))
    plain_caption(
        "The control of a filter: as many rows, drawn at random. "
        + (f"{made} has {plural(rows, 'row')}." if made else f"No filter of {name} is there yet.")
    )

    def make(
        parent: Parent, _out: Path, _usage: Usage, _progress: StepProgress, _cancelled: Cancelled
    ) -> Derived:
        return random_subset(parent, size, seed)

    return Chosen(suffix=f"random-{seed}", make=make)


def _by_server(operation: str, sample: Parent) -> Chosen | None:
    if operation == EVOLVE:
        st.caption(SUBSTITUTION)
    settings = configured_server()
    if settings is None:
        return None
    if operation == SIMPLIFY:
        return simplify_by_server(settings, sample)
    operations = [EvolveOperation(one) for one in _operations(list(EvolveOperation))]
    seed = int(st.number_input("Seed", 0, 1_000_000, 0, key="derive_seed"))
    return evolve_by_server(settings, sample, operations, seed) if operations else None
