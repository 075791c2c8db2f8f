"""What surrounds every page: open the database, say what is kept of a visit, show what failed."""

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from itlim.disk import full_error_of
from itlim.errors import ItlimError
from itlim.settings import is_public, is_read_only
from itlim.ui.shared.people import login_is_configured
from itlim.ui.shared.plain_text import plain_caption, show_error
from itlim.ui.shared.services import open_at_start


def begin_visit() -> None:
    """Open what all pages need, or show why that is not possible and stop the script run."""
    open_at_start()
    _require_login()
    if is_read_only():
        plain_caption(
            "What you ask, mark and judge here is kept for this visit only, and nobody else sees "
            "it. Reloading or closing the page discards it: export what you want to keep."
        )


def run_page(page: StreamlitPage) -> None:
    """Draw a page, or say why it could not be drawn to its end if that is something to act on."""
    try:
        page.run()
    except ItlimError as error:
        show_error(error)
    except Exception as error:
        full = full_error_of(error, "this change")
        if full is None:
            raise
        show_error(full)


def _require_login() -> None:
    """Stop the script run if a public server would store the work of visitors without a login.

    Names that nobody verifies would let any visitor act as the admin of a study.
    """
    if is_public() and not is_read_only() and not login_is_configured():
        show_error(
            "This public server is set to store what visitors do (ITLIM_READ_ONLY=0), which needs "
            "a login. Add an [auth] section to .streamlit/secrets.toml, or remove ITLIM_READ_ONLY.",
            icon=":material/block:",
        )
        st.stop()
