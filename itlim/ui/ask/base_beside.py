"""The base model's own answer beside the tuned one, and what the colors mean."""

from collections.abc import Sequence

import streamlit as st

from itlim.components.palette import PALETTES
from itlim.library import base_only_pair
from itlim.models.model_files import how_to_build, missing_parts
from itlim.pipeline import identify
from itlim.records import DEFAULT_MAX_NEW_TOKENS, Pair, Request, Run, Thresholds
from itlim.schema import ShiftCategory, TuningKind
from itlim.store.runs import load_measured
from itlim.text.markdown import as_markdown
from itlim.ui.shared import services
from itlim.ui.shared.live_run import LiveRun
from itlim.ui.shared.plain_text import plain_caption, show_error
from itlim.ui.shared.public import shown_path
from itlim.ui.shared.services import theme
from itlim.ui.shared.siblings import base_answer

BASE = "The base model's own answer"
POLL_SECONDS = 0.5


def color_meaning(thresholds: Thresholds) -> None:
    """One line that says what the colors mean and what they do not."""
    palette = PALETTES[theme()]
    parts = []
    choices = _choices(thresholds)
    colors = [
        (ShiftCategory.SHIFTED, "Orange", "the base model would have said something else here."),
        (ShiftCategory.MARGINAL, "Yellow", f"this was {choices}."),
    ]
    for category, name, meaning in colors[: 2 if choices else 1]:
        style = palette.categories[category]
        look = (
            f"background:{style.fill};color:{style.ink};padding:.1em .4em;border-radius:3px;"
            f"text-decoration:underline {style.underline} {style.line} 2px;"
            "text-underline-offset:.22em"
        )
        parts.append(f"<b style='{look}'>{name}</b>: {meaning}")
    not_wrong = "Neither means wrong." if choices else "That does not mean wrong."
    st.html(f"<p style='margin:0'>{' '.join(parts)} <b>{not_wrong}</b></p>")


def _choices(thresholds: Thresholds) -> str:
    """The base model's choices that are marginal, in words; empty if none is.

    >>> _choices(Thresholds()), _choices(Thresholds(marginal_above=3))
    ('its second or third choice', '')
    >>> _choices(Thresholds(shifted_above=2))
    'its choice 2'
    >>> _choices(Thresholds(marginal_above=3, shifted_above=10))
    'one of its choices 4 to 10'
    """
    first, last = thresholds.marginal_above + 1, thresholds.shifted_above
    if first > last:
        return ""
    if (first, last) == (2, 3):
        return "its second or third choice"
    return f"its choice {first}" if first == last else f"one of its choices {first} to {last}"


def base_beside(run: Run) -> None:
    """Draw the base model's own answer to the question of a run, or a way to get it."""
    st.markdown(f"**{BASE}**")
    if run.tuning == TuningKind.NONE:
        st.caption("The answer on the left is the base model's own.")
        return
    found = base_answer(run) or _finished(run)
    with st.container(border=True):
        if found is not None:
            # st.text, because a model's text is not Markdown.
            st.text(found.response or "(empty answer)")
        else:
            _offer(run)
    st.caption("What the same model said before this tuning.")


def no_base_beside(reason: str) -> None:
    """Say why the base model's own answer is not shown beside an answer without measures."""
    st.markdown(f"**{BASE}**")
    plain_caption(f"Not stored: {reason}")


def _finished(run: Run) -> Run | None:
    """The base model's stored answer under the settings of the run; None if there is none."""
    asked = _base_request(run)
    if asked is None or missing_parts(asked.pair):
        return None
    return load_measured(services.store(), identify(asked).id)


def _base_request(run: Run) -> Request | None:
    pair = services.library().pairs.get(run.pair)
    if pair is None:
        return None
    return Request(
        pair=base_only_pair(pair),
        instruction=run.instruction,
        input=run.input,
        max_new_tokens=run.max_new_tokens or DEFAULT_MAX_NEW_TOKENS,
    )


def _offer(run: Run) -> None:
    """Generate the base model's answer: at once after a visitor's question, else on request."""
    request = _base_request(run)
    if request is None:
        st.caption(
            f"Not stored, and the library does not contain the pair {as_markdown(run.pair)}."
        )
        return
    missing = missing_parts(request.pair)
    if missing:
        plain_caption(_cannot_answer(request.pair, missing))
        return
    asked = identify(request)
    live = services.live_runs().get(asked.id)
    if live is None and st.session_state.get("asked_here") == run.run_id:
        live = services.start_live(asked)
    if live is None:
        st.caption("Not stored yet.")
        if st.button("Ask the base model", key="ask_base"):
            services.start_live(asked)
            st.rerun()
    elif live.error is not None:
        show_error(live.error)
    else:
        _wait(live)


def _cannot_answer(pair: Pair, missing: Sequence[str]) -> str:
    """Why the base model of a pair cannot be asked on this machine."""
    hint = how_to_build(pair.base)
    where = ", ".join(map(shown_path, missing))
    return "Not stored, and " + (
        f"the base model is not here. {hint}"
        if hint
        else f"the base model is not in {where}. Restore it, or correct the pair on Data & models."
    )


def _wait(live: LiveRun) -> None:
    @st.fragment(run_every=POLL_SECONDS)
    def poll() -> None:
        if live.done:
            st.rerun(scope="app")
        growing = live.inspection.growing if live.inspection else None
        st.text("The base model is answering …" if growing else f"{live.phase} …")

    poll()
