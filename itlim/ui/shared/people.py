"""Who is at the page: logged in where the administrator set that up, else whoever says a name."""

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

NAME_LENGTH = 60


def person() -> str | None:
    """The visitor's name, asked for where it is not known yet; None as long as it is not.

    With an `[auth]` section in `.streamlit/secrets.toml` (OIDC, see `st.login`) the name is the
    e-mail address that the provider vouches for, and nothing typed can change it.
    """
    if login_is_configured():
        return _logged_in()
    typed = st.text_input(
        "Your name",
        key="annotator_name",
        persist_state="session",
        max_chars=NAME_LENGTH,
        placeholder="as it shall stand beside your marks",
        help="Single-user mode: nobody checks it. With [auth] in .streamlit/secrets.toml people "
        "log in instead.",
        width=240,
    )
    return " ".join(typed.split()) or None


def ask_who() -> None:
    """What the page says as long as nobody is known."""
    if login_is_configured():
        st.info("Log in to annotate.", icon="🔑")
    else:
        st.info("Say who you are, so that your work is found again on any machine.", icon="👋")


def login_is_configured() -> bool:
    """Whether people log in."""
    try:
        return "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        return False


def _logged_in() -> str | None:
    user = st.user
    if not user.is_logged_in:
        st.button("Log in", type="primary", on_click=st.login)
        return None
    name = _vouched_for(user)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Logged in as {name}")
        st.button("Log out", type="tertiary", on_click=st.logout)
    return name or None


def _vouched_for(user: Mapping[str, Any]) -> str:
    """The e-mail address, unless the provider says that nobody checked it; else its own id.

    Never the display name: with most providers people choose that themselves, and a study gives
    its roles by name.
    """
    if user.get("email") and user.get("email_verified", True):
        return str(user["email"])
    return str(user.get("sub") or "")
