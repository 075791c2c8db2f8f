"""After submission: reveal the model and its shift colors, and judge origins."""

import streamlit as st

from itlim.annotation.recording import AnnotationSession
from itlim.components.marking.assets import LABEL_LAYERS
from itlim.components.tokens.payload import Layer, run_payload
from itlim.components.trace.verbatim_marks import token_range
from itlim.records import EventKind, Mark, Run, Sheet, SheetStatus, Thresholds
from itlim.schema import ShiftCategory
from itlim.store.runs import load_run
from itlim.text.messages import plural
from itlim.ui.mark.origin import judge_origins
from itlim.ui.shared.mounts.tokens import token_view
from itlim.ui.shared.permalink import write_view


def show_done(session: AnnotationSession) -> None:
    """Draw the outcome, the reveal, the origins, and a button for the next item."""
    sheet = session.sheet()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{_outcome(sheet)}**", width="content")
        st.button(
            "Next item", type="primary", shortcut="Ctrl+Enter", on_click=_next, key="next_item"
        )
    st.text(session.item.instruction)
    run = load_run(session.store, session.item.run_id) if session.item.run_id else None
    if sheet.status is SheetStatus.SUBMITTED and run is not None:
        _reveal(session, sheet, run)
        judge_origins(session, sheet, run)
    else:
        st.text(session.item.text)


def _outcome(sheet: Sheet) -> str:
    if sheet.status is SheetStatus.SKIPPED:
        return f"Skipped: {sheet.skip_reason}"
    if not sheet.marks:
        return "Submitted: nothing wrong here."
    return f"Submitted with {plural(len(sheet.marks), 'mark')}."


def _next() -> None:
    write_view(item=None)


def _reveal(session: AnnotationSession, sheet: Sheet, run: Run) -> None:
    """Show the model and its colors, and record that they were seen."""
    if not sheet.revealed:
        session.record([session.event(EventKind.REVEAL, once="reveal")], base=sheet.version)
    st.caption(f"Answer by {run.pair} ({run.tuning} tuning). {_shift_of_marks(sheet, run)}")
    thresholds = Thresholds(marginal_above=run.marginal_above, shifted_above=run.shifted_above)
    token_view(
        run_payload(run.row(), run.tokens),
        key=f"reveal-{session.item.item_id}",
        thresholds=thresholds,
        layers=mark_layers(session, sheet.marks, run),
    )


def mark_layers(session: AnnotationSession, marks: tuple[Mark, ...], run: Run) -> list[Layer]:
    """Boxes around the tokens that share a character with a mark."""
    names = [label.name for label in session.study.labels]
    layers = []
    for mark in marks:
        covered = token_range(run.tokens, mark.start, mark.stop)
        if covered:
            layers.append(
                Layer(
                    id=mark.id,
                    start=covered[0],
                    stop=covered[1],
                    kind=_layer(names, mark.label),
                    label=mark.label.replace("_", " "),
                )
            )
    return layers


def _shift_of_marks(sheet: Sheet, run: Run) -> str:
    """Number of marked tokens that are shifted or marginal (paper: 89%)."""
    rows = run.tokens.select(["char_start", "char_stop", "category", "is_eos"]).to_pylist()
    marked = [
        row
        for row in rows
        if not row["is_eos"]
        and any(row["char_start"] < m.stop and row["char_stop"] > m.start for m in sheet.marks)
    ]
    if not marked:
        return "Nothing was marked."
    moved = sum(row["category"] != ShiftCategory.UNSHIFTED for row in marked)
    return f"Shifted or marginal: {moved} of {plural(len(marked), 'marked token')}."


def _layer(names: list[str], label: str) -> int:
    """Index of the palette layer in which a label is drawn."""
    return LABEL_LAYERS[names.index(label) % len(LABEL_LAYERS)] if label in names else 0
