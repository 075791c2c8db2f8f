"""Open another page so that one press of Back returns to this one, as it was.

Streamlit gives the page that is left the parameters of the page that opens, a moment before it
opens. Its entry in the browser's history would then name the wrong view. The parameter `ARRIVAL`
marks such an address; `page_repairs` leaves it out of the history, and the mark out of the address.
"""

from collections.abc import Mapping
from typing import NoReturn
from uuid import uuid4

import streamlit as st

ARRIVAL = "arrival"
"""URL parameter of an address that belongs to the page that opens next: a new number each time."""
REPLACES = "replace"
"""How the number begins if the page takes the place of the one before."""


def open_page(
    page: str, parameters: Mapping[str, str] | None = None, *, replaces: bool = False
) -> NoReturn:
    """Open a page with these URL parameters; ends the script run.

    Args:
        page: file of the page.
        parameters: all parameters of its address.
        replaces: whether the page takes the place of this one in the browser's history, as a
            redirection does.
    """
    arrival = {ARRIVAL: f"{REPLACES if replaces else 'add'}-{uuid4().hex[:12]}"}
    st.switch_page(page, query_params={**(parameters or {}), **arrival})


def parameters_on_screen() -> dict[str, str]:
    """The parameters of the page's address, as the browser shows it."""
    return {name: value for name, value in st.query_params.items() if name != ARRIVAL}
