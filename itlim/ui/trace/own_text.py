"""A stored answer or the user's own text; both, and what is typed, are URL parameters."""

import hashlib

import streamlit as st

from itlim.ui.shared.permalink import MAX_LINKED, read_trace_link, write_view
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.public import MAX_INSTRUCTION, MAX_RESPONSE, check_length, limited, longest
from itlim.ui.shared.tracing.subject import SELECTED, Subject, span_of_quote

STORED, TYPED = "A stored answer", "Your own text"
_SOURCE = "source"
_FIELDS = {
    "instruction": "typed_instruction",
    "text": "typed_response",
    "words": "typed_quote",
}
"""URL parameter of each field, and the field's key."""
_LINKED, _SHOWN, _RUN = "typed_in_url", "typed_shown", "trace_run_in_url"


def choose_source() -> str:
    """Let the user choose between a stored answer and their own text.

    A link to a stored answer opens it, also if the user traced their own text before.
    """
    run = st.query_params.get("run")
    if run and run != st.session_state.get(_RUN) and _SOURCE not in st.query_params:
        st.session_state[_SOURCE] = STORED
    chosen = st.segmented_control(
        "Trace",
        [STORED, TYPED],
        default=None if _SOURCE in st.session_state else STORED,
        key=_SOURCE,
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    return chosen or STORED


def remember_run() -> None:
    """Note the run that the URL names after the page has drawn its choice."""
    st.session_state[_RUN] = st.query_params.get("run")


def leave_own_text() -> None:
    """Take the typed text out of the URL; the fields keep it for this visit."""
    write_view(**dict.fromkeys(_FIELDS))
    st.session_state[_LINKED] = _linked()


def is_in_address() -> bool:
    """Whether the URL contains a typed response."""
    return bool(st.query_params.get("text"))


def typed_subject() -> Subject | None:
    """Let the user enter instruction, response and words; None if there is no response."""
    if "run" in st.query_params:
        write_view(run=None, span=None, cand=None, sides=None)
    _fill_from_address()
    instruction, response, quote = _fields()
    _write_address(instruction, response, quote)
    if not response.strip():
        st.info("Paste a response; the instruction is optional.", icon=":material/edit:")
        return None
    with shown_errors():
        check_length(instruction, MAX_INSTRUCTION, "instruction")
        check_length(response, MAX_RESPONSE, "response")
        doc = _doc(instruction, response, quote)
        selected = _selected(doc)
        write_view(span="{}-{}".format(*selected) if selected and is_in_address() else None)
        words = quote.strip()
        return Subject(
            doc=doc,
            title="Response",
            instruction=instruction,
            response=response,
            span=selected or (span_of_quote(response, words) if words else None),
        )
    return None


def _fields() -> tuple[str, str, str]:
    """Draw the fields; returns instruction, response and the words to trace.

    They are not in a form: a form keeps its text in the browser until it is submitted, so that a
    change of page would lose it.
    """
    left, right = st.columns([2, 3])
    instruction = left.text_area(
        "Instruction",
        key=_FIELDS["instruction"],
        persist_state="session",
        height=110,
        max_chars=longest(MAX_INSTRUCTION),
    )
    response = right.text_area(
        "Response",
        key=_FIELDS["text"],
        persist_state="session",
        height=110,
        max_chars=longest(MAX_RESPONSE),
    )
    quote = limited(
        st.text_input,
        "Words to trace",
        key=_FIELDS["words"],
        persist_state="session",
        placeholder="a part of the response; leave empty to search all of it",
        limit=MAX_RESPONSE,
    )
    # The text is sent when its field loses the focus; the button is where people look for that.
    st.button("Trace", key="trace_typed", type="primary", shortcut="Ctrl+Enter")
    return instruction, response, quote


def _doc(instruction: str, response: str, quote: str) -> str:
    content = f"{instruction}\0{response}\0{quote.strip()}".encode()
    return f"typed-{hashlib.sha256(content).hexdigest()[:16]}"


def _selected(doc: str) -> tuple[int, int] | None:
    """The words that the user selected in this text; None if they selected none."""
    of, span = st.session_state.get(SELECTED) or ("", None)
    return span if of == doc else None


def _linked() -> tuple[str, ...]:
    return tuple(st.query_params.get(name, "") for name in _FIELDS)


def _fill_from_address() -> None:
    """Fill the fields once with the text of an address, and select its words."""
    linked = _linked()
    if linked == st.session_state.get(_LINKED) or sum(map(len, linked)) > MAX_LINKED:
        return
    if not any(linked):
        return
    for key, value in zip(_FIELDS.values(), linked, strict=True):
        st.session_state[key] = value
    span = read_trace_link().span
    fits = span is not None and span[1] <= len(linked[1])
    st.session_state[SELECTED] = (_doc(*linked), span if fits else None)
    st.session_state[_SHOWN] = linked


def _write_address(*typed: str) -> None:
    """Name the text in the URL, or say that it is too long for that."""
    fits = sum(map(len, typed)) <= MAX_LINKED
    write_view(**{name: text if text and fits else None
                  for name, text in zip(_FIELDS, typed, strict=True)})  # fmt: skip
    st.session_state[_LINKED] = _linked()
    if st.session_state.get(_SHOWN, typed) != typed or not fits:
        write_view(cand=None)
    st.session_state[_SHOWN] = typed
    if not fits:
        st.caption(
            f"This text is too long for the page's address, which holds {MAX_LINKED:,} "
            "characters: the address does not open it again. The text stays here for this visit."
        )
