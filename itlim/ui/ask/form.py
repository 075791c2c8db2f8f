"""The question form: pair, instruction, input, and whether to generate or score a response."""

from typing import Any

import streamlit as st

from itlim.library import Library
from itlim.models.model_files import missing_parts
from itlim.records import (
    DEFAULT_MAX_NEW_TOKENS,
    ModelSource,
    Pair,
    RemotePair,
    RemoteRequest,
    Request,
)
from itlim.settings import is_public
from itlim.text.markdown import as_markdown
from itlim.text.prompts import resolve_template
from itlim.ui.shared.endpoint import key_notes
from itlim.ui.shared.featured import example_instructions
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.public import (
    MAX_INPUT,
    MAX_INSTRUCTION,
    MAX_NEW_TOKENS,
    MAX_RESPONSE,
    longest,
)

GENERATE = "Let the tuned model answer"
SCORE = "Score my own text"
EVERY_MODEL = "all"
"""Widget key and URL parameter of the view with every model."""


_TEXTS = ("ask_instruction", "ask_input", "ask_response")
_SEEN = "ask_texts_seen"
"""The texts that the page filled in or that the visitor sent; anything else is a draft."""


def prefill(request_fields: dict[str, str]) -> None:
    """Fill the form with a stored run's question; call it before the widgets are drawn.

    Args:
        request_fields: values by widget key.
    """
    for name, value in request_fields.items():
        st.session_state[name] = value
    _remember_texts()


def has_draft() -> bool:
    """Whether a text was typed that is neither sent nor filled in by the page."""
    seen = st.session_state.get(_SEEN, {})
    return any(
        text.strip() and text != seen.get(name)
        for name in _TEXTS
        if (text := st.session_state.get(name) or "")
    )


def _remember_texts() -> None:
    st.session_state[_SEEN] = {name: st.session_state.get(name) or "" for name in _TEXTS}


def ask_form(library: Library, *, busy: bool) -> Request | RemoteRequest | None:
    """Draw the form; input errors are shown below it and keep what was typed.

    Args:
        library: the pairs to choose from.
        busy: whether an answer is being generated; disables the button.

    Returns:
        The request that the user submitted in this script run, or None.
    """
    left, right = st.columns([3, 1])
    with right:
        pair = _pair_field(library)
        if isinstance(pair, RemotePair):
            key_notes([pair])
    # No st.form: it would lose a draft when the visitor opens another page before submitting.
    with left:
        instruction = _instruction_field()
    with st.container(horizontal=True, vertical_alignment="center"):
        button = st.container(width="content")
        mode = st.segmented_control(
            "Response",
            [GENERATE, SCORE],
            default=GENERATE,
            key="ask_mode",
            persist_state="session",
            required=True,
            label_visibility="collapsed",
        )
        limit, input_text = _options(pair)
        example_picker("ask_instruction", pair)
        if mode == GENERATE and isinstance(pair, Pair):
            every_model()
    response = _response_field() if mode == SCORE else None
    with button:
        submitted = st.button(
            "Ask" if mode == GENERATE else "Score",
            type="primary",
            disabled=busy,
            shortcut="Ctrl+Enter",
            key="ask_submit",
        )
    if not submitted:
        return None
    _remember_texts()
    # The new question replaces the previous answer and its error.
    st.session_state.live = None
    with shown_errors():
        asked: dict[str, Any] = {
            "instruction": instruction,
            "input": input_text,
            "response": response,
            "max_new_tokens": limit,
        }
        if isinstance(pair, RemotePair):
            return RemoteRequest(pair=pair, **asked)
        return Request(pair=pair, **asked)
    return None


def _pair_field(library: Library) -> Pair | RemotePair:
    # Visitors of a public server do not use up the operator's servers.
    served = {} if is_public() else library.remote_pairs
    choices: dict[str, Pair | RemotePair] = {**library.pairs, **served}
    name = st.selectbox(
        "Pair",
        list(choices),
        format_func=lambda one: _label(choices[one]),
        key="ask_pair",
        persist_state="session",
        help="A base model and its tuned version. Add your own on Data & models.",
    )
    return choices[name]


def every_model() -> bool:
    """Draw the switch between the pair's answer and those of all models of its base."""
    return st.toggle(
        "All models of this base",
        key=EVERY_MODEL,
        bind="query-params",
        help="The base model and all its tuned versions answer the same instruction.",
    )


def _instruction_field() -> str:
    return st.text_area(
        "Instruction",
        key="ask_instruction",
        persist_state="session",
        max_chars=longest(MAX_INSTRUCTION),
        height=68,
        placeholder="Who wrote The Great Gatsby?",
    )


def _response_field() -> str:
    return st.text_area(
        "Response to score (scored exactly as entered)",
        key="ask_response",
        persist_state="session",
        max_chars=longest(MAX_RESPONSE),
        height=120,
        help="Both models read this text token by token (teacher forcing); nothing is generated.",
    )


def _options(pair: Pair | RemotePair) -> tuple[int, str]:
    """Draw the folded settings.

    Returns:
        The maximum number of new tokens, and the input that follows the instruction.
    """
    template = resolve_template(pair.template)
    shown = f"{template.name}: {template.source}" if template else "the tokenizer's chat template"
    with st.popover("Options"):
        text = st.text_area(
            "Input",
            key="ask_input",
            persist_state="session",
            max_chars=longest(MAX_INPUT),
            height=76,
            placeholder="Optional context, placed after the instruction",
        )
        limit = st.number_input(
            "Maximum number of new tokens",
            min_value=1,
            max_value=longest(MAX_NEW_TOKENS) or 4096,
            value=DEFAULT_MAX_NEW_TOKENS,
            step=32,
            key="ask_limit",
            persist_state="session",
        )
        st.caption(f"Greedy decoding. Prompt template: {as_markdown(shown)}.")
    return int(limit), text


def _label(pair: Pair | RemotePair) -> str:
    """The pair's name, and whether its models are missing on this machine or behind a server."""
    if isinstance(pair, RemotePair):
        return f"{pair.name} (server)"
    return f"{pair.name} (not built)" if missing_parts(pair) else pair.name


def example_picker(field: str, pair: Pair | RemotePair) -> None:
    """Copy an instruction of a shipped family's test set into a text field.

    Args:
        field: widget key of the text field.
        pair: the instructions are those of its family, else of the first family.
    """
    base = pair.base
    examples = example_instructions(base.path if isinstance(base, ModelSource) else base.model)
    if not examples:
        return
    with st.popover("Examples"):
        category = st.selectbox("Category", list(examples), key=f"{field}_category")
        choice = st.selectbox("Instruction", examples[category], key=f"{field}_example")
        st.button("Use this example", on_click=prefill, args=({field: choice},), type="primary")
