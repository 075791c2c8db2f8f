"""A row of download buttons; each file is made when its button is pressed."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write down what the page shows."""

    label: str
    suffix: str
    mime: str
    content: Callable[[], str | bytes]


def export_buttons(formats: list[Format], *, stem: str, key: str) -> None:
    """Draw one button a format, into the container at hand.

    Args:
        formats: in the order shown.
        stem: the file's name without its suffix.
        key: names the buttons; one set a key and script run.
    """
    for one in formats:
        st.download_button(
            one.label,
            one.content,  # type: ignore[arg-type]
            file_name=f"{stem}.{one.suffix}",
            mime=one.mime,
            on_click="ignore",
            key=f"{key}-{one.label}",
        )
