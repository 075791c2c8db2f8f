"""Choose the instances to leave out: traced candidates, those with the phrase, or any other."""

from typing import Any

import streamlit as st

from itlim.causality.cases import holders
from itlim.causality.retraining.known_recipe import KnownRecipe
from itlim.records import Candidate, Level, Run
from itlim.store.retrainings import measured_seconds
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.tracing.indexes import index_state
from itlim.ui.shared.tracing.subject import Subject
from itlim.ui.shared.tracing.work import traced

CANDIDATES = 10
MAX_CONTROLS = 10
_MAX_ROWS = 200
"""Rows of the table below the choice; further ones are only counted."""


def choose_instances(subject: Subject, span: tuple[int, int], known: KnownRecipe) -> list[str]:
    """Let the visitor choose instances; by default, the first strong candidate.

    Returns:
        Ids as chosen or typed; they need not exist.
    """
    found = _candidates(subject, span, known)
    rows = {row["instance_id"]: row for row in _rows(known)}
    phrase = subject.response[span[0] : span[1]].strip()
    ids = list(rows)
    containing = [
        ids[n] for n in sorted(holders(phrase, [row["response"] for row in rows.values()]))
    ]
    key = f"retrain-without-{subject.doc}-{span[0]}-{span[1]}"
    if key not in st.session_state:
        st.session_state[key] = _first(found)
    levels = {one.instance_id: str(one.level) for one in found}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Leave out",
            list(dict.fromkeys([*levels, *containing, *st.session_state[key]])),
            format_func=lambda one: _name(one, levels, containing),
            key=key,
            accept_new_options=True,
            placeholder="choose candidates, or type an instance id",
            help="Candidates from tracing, best first, and all instances whose response contains "
            "the phrase. You can also type any other id.",
        )
        st.button(
            f"All that contain the phrase ({len(containing)})",
            disabled=not containing,
            key="retrain-holders",
            on_click=st.session_state.__setitem__,
            args=(key, containing),
        )
    if not containing:
        st.caption("No training response contains this phrase verbatim.")
    _table([rows[one] for one in chosen if one in rows], levels, containing)
    return list(chosen)


def number_of_controls() -> int:
    """Draw a field for the number of control runs."""
    controls = st.number_input(
        "Control runs",
        min_value=1,
        max_value=MAX_CONTROLS,
        value=3,
        key="retrain-controls",
        width=150,
        help="Each control leaves out the same number of random instances. If the phrase "
        "disappears in the controls as well, the chosen instances do not explain it.",
    )
    return int(controls)


def show_cost(run: Run, known: KnownRecipe, controls: int) -> None:
    """Show how many models will be tuned, and how long that takes."""
    each = measured_seconds(services.store(), known.identity())
    basis, seconds = (
        ("measured on this machine", each) if each else ("from its training record", known.seconds)
    )
    models = 2 + controls
    cost = (
        "the time per model is unknown"
        if seconds is None
        else f"about {_duration(seconds)} each, {_duration(models * seconds)} in total ({basis})"
    )
    st.caption(
        f"Tunes {models} models like {as_markdown(run.pair)} from the same base, one after the "
        "other: one on all instances, one without the chosen ones, and "
        f"{plural(controls, 'control')}; {cost}."
    )


def _candidates(
    subject: Subject, span: tuple[int, int], known: KnownRecipe
) -> tuple[Candidate, ...]:
    """Candidates from tracing; empty if the dataset has no index."""
    entry = services.library().dataset(known.pair.dataset or "")
    index = index_state(entry).index
    if index is None:
        return ()
    return traced(subject, span, [index], top=CANDIDATES).candidates


def _rows(known: KnownRecipe) -> list[dict[str, Any]]:
    columns = ["instance_id", "instruction", "input", "response"]
    return list(known.instances.select(columns).to_pylist())


def _first(found: tuple[Candidate, ...]) -> list[str]:
    """The first strong candidate; the first of all if none is strong."""
    strong = [one.instance_id for one in found if one.level is Level.STRONG]
    return (strong or [one.instance_id for one in found])[:1]


def _name(one: str, levels: dict[str, str], containing: list[str]) -> str:
    parts = [one, levels.get(one, "")]
    if one in containing:
        parts.append("contains the phrase")
    return " · ".join(part for part in parts if part)


def _table(rows: list[dict[str, Any]], levels: dict[str, str], containing: list[str]) -> None:
    """Draw the chosen instances as the dataset contains them."""
    if not rows:
        return
    shown = [
        {
            "instance": row["instance_id"],
            "candidate": levels.get(row["instance_id"], "–"),
            "contains the phrase": row["instance_id"] in containing,
            "instruction": f"{row['instruction']}\n{row['input']}".strip(),
            "response": row["response"],
        }
        for row in rows[:_MAX_ROWS]
    ]
    st.dataframe(shown, hide_index=True, height="content" if len(shown) < 6 else 230)
    if len(rows) > _MAX_ROWS:
        st.caption(f"… and {len(rows) - _MAX_ROWS} more.")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} hours"
