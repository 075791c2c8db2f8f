"""The visitor's name: from a login if the administrator set one up, otherwise as chosen or typed.

A typed name is remembered in the browser, as a cookie, so that it survives a refresh.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote, unquote

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitSecretNotFoundError

from itlim.annotation.names import known_names, near_matches, tidy_name
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import plain_line

COOKIE = "itlim_name"
_COOKIE_SECONDS = 365 * 24 * 3600
_FIELD = "document.querySelector(\"input[aria-label*='Your name']\")"
_LEAVE_FIELD = f"if (document.activeElement === {_FIELD}) {_FIELD}?.blur();"
# The field may appear only after this script has run; nothing else may lose the focus to it.
_ENTER_FIELD = (
    "(function enter(tries) {"
    f"  if (document.activeElement !== document.body) return; const field = {_FIELD};"
    "  if (field) field.focus(); else if (tries) setTimeout(enter, 100, tries - 1);"
    "})(50);"
)
NAME_PLACEHOLDERS = ("shown next to your annotations", "names")
"""Of the field of one name, and of a field of several."""
_NAME, _NEW = "annotator_name", "annotators_known_as_new"


def page_head(title: str) -> tuple[DeltaGenerator, str | None]:
    """Draw a page's title and the name field; ask for the name if it is missing.

    With an `[auth]` section in `.streamlit/secrets.toml` (OIDC, see `st.login`) the name is the
    email address that the provider has verified, and the visitor cannot change it.

    Returns:
        The row of the title, to which controls can be added, and the visitor's name, if known.
    """
    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.header(title, width="stretch")
    if login_is_configured():
        with row:
            name = _logged_in()
        if name is None:
            ask_for_name()
        return row, name
    known = known_names(services.store())
    with row:
        name = _chosen_name(known)
    if name is None:
        ask_for_name()
        _remember(None)
    return row, _settled(name, known)


def person() -> str | None:
    """Draw the name field or the login state, without a title.

    Returns:
        The visitor's name, or None until one is entered or the visitor logs in.
    """
    if login_is_configured():
        return _logged_in()
    known = known_names(services.store())
    return _settled(_chosen_name(known), known)


def ask_for_name() -> None:
    """Ask the visitor to log in or to enter a name."""
    if login_is_configured():
        st.info("Log in to annotate.", icon=":material/key:")
    else:
        is_known = bool(known_names(services.store()))
        st.info(
            "Enter your name, or choose it from the list, to find your work."
            if is_known
            else "Enter your name: it is shown next to your annotations, and finds your work.",
            icon=":material/person:",
        )


def _settled(name: str | None, known: Sequence[str]) -> str | None:
    """The name, remembered in the browser; None while it may be another spelling of a known one."""
    if name is not None and (near := _near(name, known)):
        _ask_whether(name, near)
        return None
    if name is not None:
        _remember(name)
    return name


def names_field(
    label: str,
    names: Sequence[str],
    *,
    key: str,
    help: str,
    persist_state: Literal["session"] | None = None,
) -> list[str]:
    """Draw a field for several names, which offers those that are known here."""
    options = list(dict.fromkeys([*names, *known_names(services.store())]))
    chosen = st.multiselect(
        label,
        options,
        default=list(names),
        key=key,
        persist_state=persist_state,
        accept_new_options=True,
        placeholder=NAME_PLACEHOLDERS[1],
        help=help,
    )
    return [name for name in dict.fromkeys(map(tidy_name, chosen)) if name]


def _chosen_name(known: Sequence[str]) -> str | None:
    """Draw the name field; the name from this session, or the one that the browser remembers."""
    if _NAME not in st.session_state:
        st.session_state[_NAME] = remembered_name(st.context.cookies)
    now = st.session_state[_NAME]
    typed = st.selectbox(
        "Your name",
        list(dict.fromkeys([*([now] if now else []), *known])),
        index=None,
        key=_NAME,
        persist_state="session",
        accept_new_options=True,
        placeholder=NAME_PLACEHOLDERS[0],
        help="Remembered in this browser. Names are not verified. To have people log in, add an "
        "[auth] section to .streamlit/secrets.toml.",
        width=260,
    )
    return tidy_name(typed or "") or None


def remembered_name(cookies: Mapping[str, str]) -> str | None:
    """The name in a browser's cookies; None if there is none.

    >>> remembered_name({"itlim_name": "Anna%20B%C3%BCrger"})
    'Anna Bürger'
    """
    return tidy_name(unquote(cookies.get(COOKIE, ""))) or None


def _near(name: str, known: Sequence[str]) -> list[str]:
    """Known names of which this one is probably another spelling."""
    is_new = name in st.session_state.get(_NEW, ())
    return [] if is_new else near_matches(name, known)


def _ask_whether(name: str, near: Sequence[str]) -> None:
    """Ask whether the visitor is the known person with almost the same name."""
    with st.container(border=True):
        plain_line(
            f"“{name}” is a new name here, but “{near[0]}” is known. Are you the same person?"
        )
        with st.container(horizontal=True):
            st.button("Yes, use the known name", type="primary", key="use_known_name",
                      on_click=_use, args=(near[0],))  # fmt: skip
            st.button("No, I am new here", key="use_new_name", on_click=_be_new, args=(name,))


def _use(name: str) -> None:
    st.session_state[_NAME] = name


def _be_new(name: str) -> None:
    st.session_state[_NEW] = {*st.session_state.get(_NEW, ()), name}


def _remember(name: str | None) -> None:
    """Store the name in the browser, and leave the name field; without a name, enter the field."""
    value, seconds = (quote(name, safe=""), _COOKIE_SECONDS) if name else ("", 0)
    st.html(
        f"<script>document.cookie = '{COOKIE}={value}; path=/; max-age={seconds}; samesite=lax';"
        f"{_LEAVE_FIELD if name else _ENTER_FIELD}</script>",
        unsafe_allow_javascript=True,
    )


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
        plain_line(f"Logged in as {name}", width="content")
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
