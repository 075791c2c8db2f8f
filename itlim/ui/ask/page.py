"""The Ask page: a run in progress, the run that the URL names, or a first example."""

import streamlit as st

from itlim.errors import ItlimError
from itlim.pipeline import identify
from itlim.records import RemoteRequest, Request, ResponseRun, Run, StoredRun, without_servers
from itlim.schema import DecodingMode
from itlim.settings import is_public
from itlim.store.remote_runs import load_remote
from itlim.store.runs import load_run, require_run
from itlim.ui.ask.answer import show_answer, show_growing
from itlim.ui.ask.compare import show_every_model
from itlim.ui.ask.form import EVERY_MODEL, GENERATE, SCORE, ask_form, has_draft, prefill
from itlim.ui.ask.imported_answer import show_imported
from itlim.ui.ask.remote_answer import show_remote
from itlim.ui.ask.remote_work import (
    forget_remote,
    remote_in_progress,
    show_remote_work,
    start_remote,
)
from itlim.ui.shared import services
from itlim.ui.shared.featured import featured_run
from itlim.ui.shared.live_run import LiveRun
from itlim.ui.shared.paper_link import paper_link
from itlim.ui.shared.permalink import View, open_run, read_view, write_view
from itlim.ui.shared.plain_text import plain_caption, show_error, show_warning, shown_errors
from itlim.ui.shared.public import MAX_INPUT, MAX_INSTRUCTION, check_length
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
    """Fill the form once with the question of a run that was opened by a link; keep a draft."""
    if view.run_id is None or st.session_state.get("prefilled") == view.run_id:
        return
    st.session_state.prefilled = view.run_id
    run = load_run(services.store(), view.run_id)
    if run is None or has_draft():
        return
    fields = {"ask_instruction": run.instruction, "ask_input": run.input}
    library = services.library()
    if run.pair in library.pairs or (run.pair in library.remote_pairs and not is_public()):
        fields["ask_pair"] = run.pair
    # Scoring an imported answer with a pair is how it gets token measures.
    scored = load_remote(services.store(), run.run_id) if isinstance(run, ResponseRun) else run
    pasted = scored is None or scored.decoding == DecodingMode.PASTED
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
            st.toast("Already answered. Showing the stored answer.")
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
        _show_unmeasured(run)
    else:
        show_answer(run, view)
        if family is not None and not is_featured:
            # Above the answer, it would move the text when an answer is complete.
            plain_caption(f"{family.title}: {family.note}")


def _show_unmeasured(run: ResponseRun) -> None:
    remote = load_remote(services.store(), run.run_id)
    if remote is None:
        show_imported(run)
    else:
        show_remote(without_servers(remote) if is_public() else remote, run)


def _last_seen() -> StoredRun | None:
    """The run that this visitor saw last, before visiting another page."""
    return load_run(services.store(), st.session_state.get("prefilled") or "")


def show() -> None:
    """Draw the page."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header("Which words did instruction tuning put there?")
        tour_link()
    with shown_errors():
        _prefill_draft()
    prefill_from(read_view())
    live = current_live()
    busy = (live is not None and not live.done) or remote_in_progress()
    request = ask_form(services.library(), busy=busy)
    if isinstance(request, RemoteRequest):
        start_remote(request)
    elif _wants_every_model():
        _every_model(request)
        return
    elif request is not None:
        forget_remote()
        submit_request(request)
    write_view(input=None, pair=None)
    if not show_remote_work():
        show_current(read_view())
    paper_link()


def _wants_every_model() -> bool:
    state = st.session_state
    is_local = state.ask_pair in services.library().pairs
    return bool(state.get(EVERY_MODEL)) and state.ask_mode == GENERATE and is_local


def _prefill_draft() -> None:
    """Fill the form with the question of a link, once per link."""
    parameters = st.query_params
    draft = tuple(parameters.get(name) or "" for name in ("ask", "input", "pair"))
    instruction, given, pair = draft
    known = st.session_state.get("prefilled_draft", ("", "", ""))
    # Input and pair leave the address with the view of all models; what was typed since stays.
    is_left = instruction == known[0] and not given and not pair
    if instruction and draft != known and not is_left:
        st.session_state.prefilled_draft = draft
        check_length(instruction, MAX_INSTRUCTION, "instruction of this link")
        check_length(given, MAX_INPUT, "input of this link")
        fields = {"ask_instruction": instruction}
        if "input" in parameters:
            fields["ask_input"] = given
        if pair in services.library().pairs:
            fields["ask_pair"] = pair
        prefill(fields)


def _every_model(request: Request | None) -> None:
    """Draw all models' answers; the address names the question instead of a run."""
    state = st.session_state
    asked, given = state.ask_instruction or None, state.ask_input or None
    write_view(run=None, token=None, sel=None, ask=asked, input=given, pair=state.ask_pair)
    state.prefilled_draft = (asked or "", given or "", state.ask_pair)
    pair = services.library().pair(state.ask_pair)
    show_every_model(pair, state.ask_instruction, state.ask_input, start=request is not None)
