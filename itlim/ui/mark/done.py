"""After submission: undo, the next item, and on request the model, its colors and the origins."""

import streamlit as st

from itlim.annotation.recording import AnnotationSession
from itlim.components.marking.assets import LABEL_LAYERS
from itlim.components.tokens.payload import Layer, run_payload
from itlim.components.trace.verbatim_marks import token_range
from itlim.records import (
    NO_MEASURES,
    EventKind,
    Mark,
    ResponseRun,
    Run,
    Sheet,
    SheetStatus,
    StoredRun,
    Thresholds,
)
from itlim.schema import DecodingMode, ShiftCategory
from itlim.store.runs import load_run
from itlim.text.messages import plural
from itlim.ui.mark.origin import judge_origins
from itlim.ui.shared.mounts.tokens import token_view
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import plain_caption, plain_line, shown_errors

TUNING = {"none": "not tuned", "full": "full tuning", "adapter": "adapter"}


def finish_bar(session: AnnotationSession) -> None:
    """Draw the outcome under the marked text, with what can be done next."""
    sheet = session.sheet()
    with st.container(border=True):
        plain_line(_outcome(sheet))
        with st.container(horizontal=True, vertical_alignment="center"):
            _next_button()
            st.button(
                "Undo", key="reopen_item", shortcut="U", icon=":material/undo:",
                help="Open the item again, to change your marks.",
                on_click=_record, args=(session, EventKind.REOPEN),
            )  # fmt: skip
            if sheet.status is SheetStatus.SUBMITTED and session.item.run_id:
                st.button(
                    "Show the model and judge origins" if sheet.marks else "Show the model",
                    key="reveal_item", shortcut="V",
                    type="tertiary", on_click=_record, args=(session, EventKind.REVEAL),
                    help="Your marks are final afterwards, because they are made blind.",
                )  # fmt: skip


def show_revealed(session: AnnotationSession, sheet: Sheet) -> None:
    """Draw the model with its colors, and the origins of the marked words."""
    with st.container(horizontal=True, vertical_alignment="center"):
        plain_line(_outcome(sheet), width="content")
        _next_button()
    st.text(session.item.instruction)
    run = load_run(session.store, session.item.run_id)
    if run is None:
        st.text(session.item.text)
        return
    if isinstance(run, ResponseRun):
        plain_caption(f"{origin_of_text(run)} {NO_MEASURES}")
        st.text(run.response)
    else:
        _colored(session, sheet, run)
    judge_origins(session, sheet, run)


def _next_button() -> None:
    st.button(
        "Next item", type="primary", shortcut="Ctrl+Enter", on_click=write_view,
        kwargs={"item": None}, key="next_item",
    )  # fmt: skip


def _record(session: AnnotationSession, kind: EventKind) -> None:
    """Store a reopening, or that the model was shown."""
    with shown_errors():
        once = "reveal" if kind is EventKind.REVEAL else ""
        session.record([session.event(kind, once=once)], base=session.sheet().version)
        write_view(item=session.item.item_id)


def _outcome(sheet: Sheet) -> str:
    if sheet.status is SheetStatus.SKIPPED:
        return f"Skipped: {sheet.skip_reason}"
    if not sheet.marks:
        return "✓ Submitted: nothing wrong here."
    return f"✓ Submitted with {plural(len(sheet.marks), 'mark')}."


def _colored(session: AnnotationSession, sheet: Sheet, run: Run) -> None:
    plain_caption(f"{origin_of_text(run)} {_shift_of_marks(sheet, run)}")
    thresholds = Thresholds(marginal_above=run.marginal_above, shifted_above=run.shifted_above)
    token_view(
        run_payload(run.row(), run.tokens),
        key=f"reveal-{session.item.item_id}",
        thresholds=thresholds,
        layers=mark_layers(session, sheet.marks, run),
    )


def origin_of_text(run: StoredRun) -> str:
    """Who wrote the text: the model, or a person whose text the models only scored."""
    if isinstance(run, ResponseRun):
        return f"Answer from {run.pair}."
    if run.decoding == DecodingMode.PASTED:
        return f"A text that a person entered; {run.pair} scored it and did not write it."
    return f"Answer from {run.pair} ({TUNING.get(run.tuning, run.tuning)})."


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
