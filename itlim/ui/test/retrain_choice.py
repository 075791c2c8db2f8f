"""Which instances to leave out: those that tracing names, those that hold the words, any other."""

from typing import Any

import streamlit as st

from itlim.causality.cases import holders
from itlim.causality.retraining.known_recipe import KnownRecipe
from itlim.records import Candidate, Level, Run
from itlim.store.retrainings import measured_seconds
from itlim.ui.shared import services
from itlim.ui.shared.tracing.indexes import index_state
from itlim.ui.shared.tracing.subject import Subject
from itlim.ui.shared.tracing.work import traced

CANDIDATES = 10
MOST_CONTROLS = 10
_LISTED = 200
"""Rows of the table below the choice; more are counted only."""


def choose_instances(subject: Subject, span: tuple[int, int], known: KnownRecipe) -> list[str]:
    """Let the reader pick instances; the first strong candidate to begin with.

    Returns:
        Ids as picked or typed, which need not exist.
    """
    found = _candidates(subject, span, known)
    rows = {row["instance_id"]: row for row in _rows(known)}
    phrase = subject.response[span[0] : span[1]].strip()
    ids = list(rows)
    holding = [ids[n] for n in sorted(holders(phrase, [row["response"] for row in rows.values()]))]
    key = f"retrain-without-{subject.doc}-{span[0]}-{span[1]}"
    if key not in st.session_state:
        st.session_state[key] = _first(found)
    levels = {one.instance_id: str(one.level) for one in found}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Leave out",
            list(dict.fromkeys([*levels, *holding, *st.session_state[key]])),
            format_func=lambda one: _name(one, levels, holding),
            key=key,
            accept_new_options=True,
            placeholder="pick candidates, or type an instance id",
            help="Tracing's candidates for the marked words, best first, and all instances whose "
            "response holds them. Any other id can be typed.",
        )
        st.button(
            f"All that hold the phrase ({len(holding)})",
            disabled=not holding,
            key="retrain-holders",
            on_click=st.session_state.__setitem__,
            args=(key, holding),
        )
    if not holding:
        st.caption("No training response holds these words as they stand.")
    _table([rows[one] for one in chosen if one in rows], levels, holding)
    return list(chosen)


def number_of_controls() -> int:
    """Ask how many random removals to hold it against."""
    controls = st.number_input(
        "Random controls",
        min_value=1,
        max_value=MOST_CONTROLS,
        value=3,
        key="retrain-controls",
        width=150,
        help="As many random instances as chosen are left out, so many times: what vanishes then "
        "as well has no source among the chosen.",
    )
    return int(controls)


def show_cost(run: Run, known: KnownRecipe, controls: int) -> None:
    """Say what will be tuned, and how long that takes."""
    each = measured_seconds(services.store(), known.identity())
    said, seconds = ("measured here", each) if each else ("as its training took", known.seconds)
    models = 2 + controls
    cost = (
        "how long each takes is not known"
        if seconds is None
        else (f"about {_duration(seconds)} each, {_duration(models * seconds)} in all ({said})")
    )
    st.caption(
        f"Tunes {models} models like {run.pair} from the same base, one after the other: "
        f"everything, without the chosen, and {controls} control{'s' if controls > 1 else ''}; "
        f"{cost}."
    )


def _candidates(
    subject: Subject, span: tuple[int, int], known: KnownRecipe
) -> tuple[Candidate, ...]:
    """What tracing names for the words; nothing where the dataset has no index yet."""
    entry = services.library().dataset(known.pair.dataset or "")
    index = index_state(entry).index
    if index is None:
        return ()
    return traced(subject, span, [index], top=CANDIDATES).candidates


def _rows(known: KnownRecipe) -> list[dict[str, Any]]:
    columns = ["instance_id", "instruction", "input", "response"]
    return list(known.instances.select(columns).to_pylist())


def _first(found: tuple[Candidate, ...]) -> list[str]:
    """The first strong candidate; the best one where none is strong."""
    strong = [one.instance_id for one in found if one.level is Level.STRONG]
    return (strong or [one.instance_id for one in found])[:1]


def _name(one: str, levels: dict[str, str], holding: list[str]) -> str:
    parts = [one, levels.get(one, "")]
    if one in holding:
        parts.append("holds the phrase")
    return " · ".join(part for part in parts if part)


def _table(rows: list[dict[str, Any]], levels: dict[str, str], holding: list[str]) -> None:
    """What is to be left out, as the dataset has it."""
    if not rows:
        return
    shown = [
        {
            "instance": row["instance_id"],
            "candidate": levels.get(row["instance_id"], "–"),
            "holds the phrase": row["instance_id"] in holding,
            "instruction": f"{row['instruction']}\n{row['input']}".strip(),
            "response": row["response"],
        }
        for row in rows[:_LISTED]
    ]
    st.dataframe(shown, hide_index=True, height="content" if len(shown) < 6 else 230)
    if len(rows) > _LISTED:
        st.caption(f"… and {len(rows) - _LISTED} more.")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} hours"
