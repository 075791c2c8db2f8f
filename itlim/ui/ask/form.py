"""The question form: pair, instruction, input, and whether to generate or score a response."""

import streamlit as st

from itlim.library import Library
from itlim.records import DEFAULT_MAX_NEW_TOKENS, Pair, Request
from itlim.text.prompts import resolve_template
from itlim.ui.shared.featured import example_instructions
from itlim.ui.shared.services import shown_errors

GENERATE = "Let the tuned model answer"
SCORE = "Score a text of mine"


def prefill(request_fields: dict[str, str]) -> None:
    """Fill the form with a stored run's question; call it before the widgets are drawn.

    Args:
        request_fields: values by widget key.
    """
    for name, value in request_fields.items():
        st.session_state[name] = value


def ask_form(library: Library, *, busy: bool) -> Request | None:
    """Draw the form; input errors are shown below it and keep what was typed.

    Args:
        library: the pairs to choose from.
        busy: whether an answer is being generated; disables the button.

    Returns:
        The request that the user submitted in this script run, or None.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Pair",
            list(library.pairs),
            key="ask_pair",
            persist_state="session",
            width=260,
            help="A base model and its tuned version. Add your own on the Library page.",
        )
        mode = st.segmented_control(
            "Response",
            [GENERATE, SCORE],
            default=GENERATE,
            key="ask_mode",
            persist_state="session",
            required=True,
        )
        limit = _options(library.pair(name))
        example_picker("ask_instruction")
    with st.form("ask", border=False, enter_to_submit=False):
        instruction, input_text = _question_fields()
        response = _response_field() if mode == SCORE else None
        submitted = st.form_submit_button(
            "Generate" if mode == GENERATE else "Score",
            type="primary",
            disabled=busy,
            shortcut="Ctrl+Enter",
        )
    if not submitted:
        return None
    # The new question replaces the previous answer and its error.
    st.session_state.live = None
    with shown_errors():
        return Request(
            pair=library.pair(name),
            instruction=instruction,
            input=input_text,
            response=response,
            max_new_tokens=limit,
        )
    return None


def _question_fields() -> tuple[str, str]:
    left, right = st.columns([3, 2])
    instruction = left.text_area(
        "Instruction",
        key="ask_instruction",
        persist_state="session",
        height=76,
        placeholder="Who wrote The Great Gatsby?",
    )
    text = right.text_area(
        "Input",
        key="ask_input",
        persist_state="session",
        height=76,
        placeholder="Optional context",
    )
    return instruction, text


def _response_field() -> str:
    return st.text_area(
        "Response to score (scored exactly as entered)",
        key="ask_response",
        persist_state="session",
        height=120,
        help="Both models read this text token by token (teacher forcing); nothing is generated.",
    )


def _options(pair: Pair) -> int:
    template = resolve_template(pair.template)
    shown = f"{template.name}: {template.source}" if template else "the tokenizer's chat template"
    with st.popover("Options"):
        st.caption(f"Greedy decoding. Prompt template: {shown}.")
        return int(
            st.number_input(
                "Maximum number of new tokens",
                min_value=1,
                max_value=4096,
                value=DEFAULT_MAX_NEW_TOKENS,
                step=32,
                key="ask_limit",
                persist_state="session",
            )
        )


def example_picker(field: str) -> None:
    """Copy an instruction of a shipped family's test set into a text field.

    Args:
        field: widget key of the text field.
    """
    examples = example_instructions()
    if not examples:
        return
    with st.popover("Examples"):
        category = st.selectbox("Category", list(examples), key=f"{field}_category")
        choice = st.selectbox("Instruction", examples[category], key=f"{field}_example")
        st.button("Use this example", on_click=prefill, args=({field: choice},), type="primary")
