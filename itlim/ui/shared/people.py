"""The visitor's name: from a login if the administrator set one up, otherwise as typed."""

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitSecretNotFoundError

NAME_LENGTH = 60


def person() -> str | None:
    """Draw the name field or the login state.

    With an `[auth]` section in `.streamlit/secrets.toml` (OIDC, see `st.login`) the name is the
    email address that the provider has verified, and the visitor cannot change it.

    Returns:
        The visitor's name, or None until one is entered or the visitor logs in.
    """
    if login_is_configured():
        return _logged_in()
    typed = st.text_input(
        "Your name",
        key="annotator_name",
        persist_state="session",
        max_chars=NAME_LENGTH,
        placeholder="shown next to your annotations",
        help="Names are not verified. To have people log in, add an [auth] section to "
        ".streamlit/secrets.toml.",
        width=240,
    )
    return " ".join(typed.split()) or None


def page_head(title: str) -> tuple[DeltaGenerator, str | None]:
    """Draw a page's title and the name field; ask for the name if it is missing.

    Returns:
        The row of the title, to which controls can be added, and the visitor's name, if known.
    """
    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.header(title, width="stretch")
    with row:
        name = person()
    if name is None:
        ask_who()
    return row, name


def ask_who() -> None:
    """Ask the visitor to log in or to enter a name."""
    if login_is_configured():
        st.info("Log in to annotate.", icon="🔑")
    else:
        st.info("Enter your name to find your work on any device.", icon="👋")


def login_is_configured() -> bool:
    """Whether the administrator set up a login (OIDC)."""
    try:
        return "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        return False


def _logged_in() -> str | None:
    user = st.user
    if not user.is_logged_in:
        st.button("Log in", type="primary", on_click=st.login)
        return None
    name = _verified_name(user)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Logged in as {name}")
        st.button("Log out", type="tertiary", on_click=st.logout)
    return name or None


def _verified_name(user: Mapping[str, Any]) -> str:
    """The email address, or the provider's user id if the address is not verified.

    Never the display name: a study grants roles by name, and with most providers people can
    choose their display names freely.
    """
    if user.get("email") and user.get("email_verified", True):
        return str(user["email"])
    return str(user.get("sub") or "")
