"""A row of download buttons; a file is generated only when its button is pressed."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True, slots=True)
class Format:
    """One file format in which a page can be exported."""

    label: str
    suffix: str
    mime: str
    content: Callable[[], str | bytes]


def export_buttons(formats: list[Format], *, stem: str, key: str) -> None:
    """Draw one button per format into the current container.

    Args:
        formats: the formats, in display order.
        stem: file name without the suffix.
        key: prefix of the widget keys; unique within a script run.
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
