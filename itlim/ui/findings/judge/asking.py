"""Ask a judge about stored answers: what, its cost, progress; or import a file of ratings."""

from collections.abc import Sequence

import streamlit as st

from itlim.endpoints.settings import EndpointSettings
from itlim.settings import judge_folder
from itlim.store.comparisons import answered_by_both
from itlim.store.ratings import RatableAnswer, load_preferences, ratable_answers, rated_runs
from itlim.text.messages import plural
from itlim.ui.findings.computing import Choice
from itlim.ui.findings.judge.importing import import_ratings
from itlim.ui.findings.judge.work import JudgeWork, PreferenceWork, RatingWork
from itlim.ui.shared import services
from itlim.ui.shared.endpoint import chosen_endpoint
from itlim.ui.shared.plain_text import plain_caption, show_error, show_note, shown_errors
from itlim.ui.shared.public import Action, begin, is_refused
from itlim.ui.shared.work_progress import work_progress

RATE, COMPARE = "Rate answers", "Compare two pairs"
_WORK = "judge"
_DEFAULT_N = 50


def ask_or_import(pairs: Sequence[str], choice: Choice) -> None:
    """Draw the settings, the work in progress or its outcome, and the import."""
    if is_refused(Action.JUDGE):
        return
    with shown_errors():
        st.subheader("Ask a judge")
        work: JudgeWork | None = services.in_progress(_WORK).get(_WORK)
        if work is not None and not work.done:
            work_progress(work, key="judge_cancel")
            plain_caption("Each finished part is stored at once. Closing this page stops nothing.")
        else:
            if work is not None:
                _outcome(work)
            settings = chosen_endpoint(key="judge", what="judge", model_label="Model that judges")
            if settings is not None:
                _ask(settings, pairs, choice)
    with shown_errors():
        st.subheader("Import ratings")
        import_ratings()


def _outcome(work: JudgeWork) -> None:
    """What became of the last work."""
    if work.was_cancelled:
        show_note(
            f"Canceled after {work.n_done:,} of {work.n:,}. What was finished is stored, and "
            "replies are kept: start again to ask for the rest only.",
            icon=":material/pan_tool:",
        )
    elif work.error is not None:
        show_error(work.error)
    else:
        have = "has" if work.n_failed == 1 else "have"
        failed = f", of which {work.n_failed:,} failed and {have} no score" if work.n_failed else ""
        show_note(
            f"{work.n_done:,} asked{failed}. {work.usage.summary(work.settings)}.",
            icon=":material/check_circle:",
        )
    for note in work.notes:
        plain_caption(note)


def _ask(settings: EndpointSettings, pairs: Sequence[str], choice: Choice) -> None:
    what = st.segmented_control(
        "What",
        [RATE, COMPARE],
        default=RATE,
        required=True,
        key="judge_what",
        persist_state="session",
    )
    if what == RATE:
        _ask_ratings(settings, pairs, choice)
    elif len(pairs) < 2:
        show_note("Choose at least two pairs above.", icon=":material/compare_arrows:")
    else:
        _ask_preferences(settings, pairs)


def _number(label: str, most: int, *, key: str, help: str) -> int:
    # The field is not drawn while work is in progress, and other pairs have another maximum.
    if st.session_state.get(key, 0) > most:
        st.session_state[key] = most
    return int(
        st.number_input(
            label,
            min_value=1,
            max_value=most,
            value=min(_DEFAULT_N, most),
            key=key,
            help=help,
            persist_state="session",
        )
    )


def _ask_ratings(settings: EndpointSettings, pairs: Sequence[str], choice: Choice) -> None:
    from itlim.remedies.judge_prompt import PROMPT_VERSION

    answers = [
        one
        for one in ratable_answers(services.store(), pairs)
        if choice.run_ids is None or one.run_id in choice.run_ids
    ]
    by_pair = {pair: [one for one in answers if one.pair == pair] for pair in pairs}
    most = max(map(len, by_pair.values()))
    if not most:
        show_note("These pairs have no stored answer that can be rated.")
        return
    n = _number(
        "Answers per pair", most, key="judge_n",
        help="The same questions of every pair where all have answered them, in an order that does "
        "not depend on the answers. A larger number continues the same order.",
    )  # fmt: skip
    with_quotes = st.checkbox(
        "Also ask which words are wrong",
        key="judge_quotes",
        persist_state="session",
        help="One more request per answer, with a prompt of itlim's own. The words appear as "
        "suggestions in studies that use suggestions. They are never marks.",
    )
    chosen = [one for of_pair in by_pair.values() for one in of_pair[:n]]
    known = rated_runs(services.store(), settings.model, PROMPT_VERSION)
    asked = [one for one in chosen if with_quotes or one.run_id not in known]
    n_known = sum(one.run_id in known for one in chosen)
    counts = ", ".join(
        f"{pair}: {min(n, len(of)):,} of {len(of):,}" for pair, of in by_pair.items()
    )
    plain_caption(f"{counts}. Already rated by this judge: {n_known:,} of {len(chosen):,}.")
    _start_rating(settings, asked, with_quotes=with_quotes)


def _start_rating(
    settings: EndpointSettings, asked: Sequence[RatableAnswer], *, with_quotes: bool
) -> None:
    """Draw the estimated cost and the button that starts."""
    from itlim.remedies.cost import rating_cost
    from itlim.remedies.judging import Rated

    answers = [
        Rated(
            response_id=one.run_id,
            model=one.pair,
            instruction=one.instruction,
            response=one.response,
            task=one.task,
        )
        for one in asked
    ]
    if answers:
        plain_caption(rating_cost(answers, with_quotes=with_quotes).sentence(settings))
    if st.button(f"Rate {plural(len(answers), 'answer')}", type="primary", disabled=not answers,
                 key="judge_start"):  # fmt: skip
        _start(RatingWork(services.store(), settings, judge_folder() / "replies.jsonl", answers,
                          with_quotes=with_quotes))  # fmt: skip


def _ask_preferences(settings: EndpointSettings, pairs: Sequence[str]) -> None:
    from itlim.remedies.cost import preference_cost
    from itlim.remedies.pairwise import PROMPT_VERSION
    from itlim.remedies.preferences import compared

    left, right = st.columns(2)
    one = left.selectbox("First pair", pairs, index=0, key="judge_first")
    other = right.selectbox("Second pair", pairs, index=1, key="judge_second")
    if one == other:
        show_note("Choose two different pairs.", icon=":material/compare_arrows:")
        return
    first, second = sorted((str(one), str(other)))
    both = answered_by_both(services.store(), first, second)
    different = [each for each in both if each.text_a != each.text_b]
    if not different:
        show_note("These pairs have no question in common to which their answers differ.")
        return
    n = _number("Comparisons", len(different), key="judge_n_compared",
                help="Each is asked twice, in both orders.")  # fmt: skip
    known = {
        (row["run_first"], row["run_second"])
        for row in load_preferences(services.store(), first, second).to_pylist()
        if (row["judge"], row["prompt_version"]) == (settings.model, PROMPT_VERSION)
        and row["preference"] is not None
    }
    asked = [each for each in different[:n] if (each.run_a, each.run_b) not in known]
    plain_caption(
        f"Both have answered {plural(len(both), 'question')}; {len(both) - len(different):,} with "
        f"identical answers are not asked. Already compared by this judge: {n - len(asked):,} of "
        f"{n:,}."
    )
    if asked:
        plain_caption(preference_cost(compared(asked)).sentence(settings))
    if st.button(f"Compare {plural(len(asked), 'answer pair')}", type="primary",
                 disabled=not asked, key="judge_compare"):  # fmt: skip
        _start(PreferenceWork(services.store(), settings, judge_folder() / "replies.jsonl", asked,
                              pairs=(first, second)))  # fmt: skip


def _start(work: JudgeWork) -> None:
    services.in_progress(_WORK)[_WORK] = begin(work)
    st.rerun()
