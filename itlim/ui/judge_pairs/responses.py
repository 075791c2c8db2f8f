"""The instruction of a comparison and its two responses, side by side and without model names."""

from html import escape

import streamlit as st

from itlim.annotation.side_by_side import text_at
from itlim.records import Comparison, Model, Side


def show_comparison(item: Comparison, left: Model) -> None:
    """Draw the instruction and both responses.

    Args:
        item: the comparison.
        left: the model whose response is on the left.
    """
    st.html(
        "<div dir='auto' style='font-size:1.35rem;font-weight:600;line-height:1.4;"
        f"white-space:pre-wrap;overflow-wrap:anywhere'>{escape(item.instruction)}</div>"
        f"{_input(item.input)}"
    )
    for column, side in zip(st.columns(2, gap="medium"), Side, strict=True):
        with column, st.container(border=True, height="stretch"):
            _response(side, text_at(item, side, left))


def _input(text: str) -> str:
    return f"<div style='opacity:.8'>{escape(text)}</div>" if text else ""


def _response(side: Side, text: str) -> None:
    # Escaped HTML instead of Markdown, so that responses are shown unchanged.
    st.html(
        f"<div style='opacity:.75;font-weight:600;margin-bottom:.35rem'>{side.capitalize()}</div>"
        "<div dir='auto' tabindex='0' style='font-size:1.15rem;line-height:1.6;max-height:22rem;"
        f"overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere'>{escape(text)}</div>"
    )
