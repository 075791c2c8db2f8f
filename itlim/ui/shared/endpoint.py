"""The server that pages ask: a setting of the environment and no field, because it gets the key."""

from collections.abc import Iterable

import streamlit as st

from itlim.endpoints.keys import is_withheld, key_note
from itlim.endpoints.settings import EndpointSettings
from itlim.errors import InputError
from itlim.records import RemotePair, ServerModel
from itlim.settings import endpoint_model, endpoint_url
from itlim.ui.shared.plain_text import plain_caption, show_error

_HOW = """ITLIM_API_URL=http://127.0.0.1:8000/v1
ITLIM_API_MODEL=name-of-the-model
ITLIM_API_KEY=…"""
_ATTEMPTS = 4


def chosen_endpoint(*, key: str, what: str, model_label: str) -> EndpointSettings | None:
    """Draw the server and its settings; None if there is none, which the page then explains.

    Args:
        key: prefix of the keys of the fields.
        what: what is missing without a server, such as "judge".
        model_label: label of the field for the model.
    """
    url = endpoint_url()
    if not url:
        st.info(
            f"No {what} is set up. Set these variables in the environment in which itlim starts, "
            "and restart it: the address of any server with OpenAI's protocol, the name of a model "
            "there, and the key if the server wants one. The key is read from the environment "
            "alone: it is not stored, logged, shown or exported.",
            icon=":material/key_off:",
        )
        st.code(_HOW, language=None, wrap_lines=True)
        return None
    try:
        settings = _settings(url, key, model_label)
    except InputError as error:
        show_error(error)
        return None
    # Only now: an address with a password has been rejected.
    plain_caption(f"Server: {url} (ITLIM_API_URL). {key_note(url)}")
    return settings


def key_notes(pairs: Iterable[RemotePair]) -> None:
    """Say which servers of some pairs are asked without the key that is set; nothing if none is."""
    sources = [source for pair in pairs for source in (pair.base, pair.tuned)]
    for url in dict.fromkeys(one.url for one in sources if isinstance(one, ServerModel)):
        if is_withheld(url):
            plain_caption(key_note(url))


def _settings(url: str, key: str, model_label: str) -> EndpointSettings:
    """Draw the fields; they keep their values while work is in progress and they are not drawn.

    Raises:
        InputError: the address is none, or no model is named.
    """
    columns = st.columns([2, 1, 1, 1], vertical_alignment="bottom")
    model = columns[0].text_input(
        model_label, value=endpoint_model(), key=f"{key}_model", persist_state="session"
    )
    prompt_price = columns[1].number_input(
        "Prompt price", min_value=0.0, value=None, format="%.3f",
        key=f"{key}_prompt_price", persist_state="session",
        help="Of a million prompt tokens, to estimate the cost. In any currency.",
    )  # fmt: skip
    reply_price = columns[2].number_input(
        "Reply price", min_value=0.0, value=None, format="%.3f",
        key=f"{key}_reply_price", persist_state="session",
        help="Of a million tokens of replies.",
    )  # fmt: skip
    rate = columns[3].number_input(
        "Requests per minute", min_value=1, value=60, key=f"{key}_rate", help="At most.",
        persist_state="session",
    )  # fmt: skip
    return EndpointSettings(
        base_url=url,
        model=model,
        requests_per_minute=float(rate),
        attempts=_ATTEMPTS,
        prompt_price=prompt_price,
        completion_price=reply_price,
    )
