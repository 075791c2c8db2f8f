"""The Ask page: a run in progress, the run that the URL names, or a first example."""

import streamlit as st

from itlim.errors import ItlimError
from itlim.pipeline import identify
from itlim.records import Request, ResponseRun, Run, StoredRun
from itlim.schema import DecodingMode
from itlim.store.runs import load_run, require_run
from itlim.ui.ask.answer import show_answer, show_growing
from itlim.ui.ask.compare import show_every_model
from itlim.ui.ask.form import EVERY_MODEL, GENERATE, SCORE, ask_form, prefill
from itlim.ui.ask.imported_answer import show_imported
from itlim.ui.shared import services
from itlim.ui.shared.featured import featured_run
from itlim.ui.shared.live_run import LiveRun
from itlim.ui.shared.paper_link import paper_link
from itlim.ui.shared.permalink import View, open_run, read_view, write_view
from itlim.ui.shared.plain_text import plain_caption, show_error, show_warning, shown_errors
from itlim.ui.shared.tour_link import tour_link


def current_live() -> LiveRun | None:
    """The live run that the URL names, unless it has ended with an answer.

    A run of this visitor that failed or was canceled is returned, so that the page can show why.
    """
    view = read_view()
    own = st.session_state.get("live")
    live = own if isinstance(own, LiveRun) else services.live_runs().get(view.run_id or "")
    has_answer = live is not None and live.run is not None and not live.was_cancelled
    if live is None or live.asked.id != view.run_id or (live.done and has_answer):
        st.session_state.live = None
        return None
    return live


def prefill_from(view: View) -> None:
    """Fill the form once with the question of a run that was opened by a link."""
    if view.run_id is None or st.session_state.get("prefilled") == view.run_id:
        return
    st.session_state.prefilled = view.run_id
    run = load_run(services.store(), view.run_id)
    if run is None:
        return
    fields = {"ask_instruction": run.instruction, "ask_input": run.input}
    if run.pair in services.library().pairs:
        fields["ask_pair"] = run.pair
    # Scoring an imported answer with a pair is how it gets token measures.
    pasted = isinstance(run, ResponseRun) or run.decoding == DecodingMode.PASTED
    fields["ask_mode"] = SCORE if pasted else GENERATE
    if pasted:
        fields["ask_response"] = run.response
    prefill(fields)


def submit_request(request: Request) -> None:
    """Open the stored answer to a request, or start a live run; the URL names it immediately."""
    with shown_errors():
        asked = identify(request)
        st.session_state.live = None
        if load_run(services.store(), asked.id) is None:
            st.session_state.live = services.start_live(asked)
        else:
            st.toast("This question was answered before: the stored answer is shown.")
        st.session_state.prefilled = st.session_state.asked_here = asked.id
        open_run(asked.id)


def show_current(view: View) -> None:
    """Draw the current run."""
    live = current_live()
    if view.run_id is not None:
        services.show_notices(view.run_id)
    if live is not None and live.error is not None:
        show_error(live.error)
    elif live is not None and live.run is not None:
        show_answer(live.run, view)
    elif live is not None:
        show_growing(live, view)
    else:
        _show_stored(view)


def _show_stored(view: View) -> None:
    featured = featured_run()
    try:
        named = require_run(services.store(), view.run_id) if view.run_id else None
    except ItlimError as error:
        show_warning(error, icon=":material/search:")
        return
    run = named or _last_seen() or featured
    if run is None:
        st.info("Enter an instruction above to generate an answer.", icon=":material/edit:")
        return
    if view.run_id is None:
        # The URL names the run on screen; the form stays empty for the visitor's own question.
        st.session_state.prefilled = run.run_id
        open_run(run.run_id)
    family = services.library().family_of(run.base_model) if isinstance(run, Run) else None
    is_featured = featured is not None and run.run_id == featured.run_id
    if family is not None and is_featured:
        plain_caption(
            f"A stored answer of {run.pair}. {family.note} Enter an instruction above to get a new "
            "answer, or choose an example."
        )
    if isinstance(run, ResponseRun):
        show_imported(run)
    else:
        show_answer(run, view)
        if family is not None and not is_featured:
            # Above the answer, it would move the text when an answer is complete.
            plain_caption(f"{family.title}: {family.note}")


def _last_seen() -> StoredRun | None:
    """The run that this visitor saw last, before visiting another page."""
    return load_run(services.store(), st.session_state.get("prefilled") or "")


def show() -> None:
    """Draw the page."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header("Which words did instruction tuning put there?")
        tour_link()
    _prefill_draft()
    prefill_from(read_view())
    live = current_live()
    request = ask_form(services.library(), busy=live is not None and not live.done)
    if st.session_state.get(EVERY_MODEL) and st.session_state.ask_mode == GENERATE:
        _every_model(request)
        return
    if request is not None:
        submit_request(request)
    show_current(read_view())
    paper_link()


def _prefill_draft() -> None:
    """Fill the form with the instruction of a link, once per link."""
    draft = st.query_params.get("ask")
    if draft and st.session_state.get("prefilled_draft") != draft:
        st.session_state.prefilled_draft = draft
        prefill({"ask_instruction": draft})


def _every_model(request: Request | None) -> None:
    """Draw all models' answers; the address names the question instead of a run."""
    state = st.session_state
    write_view(run=None, token=None, sel=None, ask=state.ask_instruction or None)
    state.prefilled_draft = state.ask_instruction
    pair = services.library().pair(state.ask_pair)
    show_every_model(pair, state.ask_instruction, state.ask_input, start=request is not None)
