"""Asking rephrased questions, with the demo family's real models."""

from dataclasses import replace

import pytest

from itlim.causality.rephrasing.asking import answers, case_id, new_case
from itlim.causality.rephrasing.recurrence import recurrence
from itlim.causality.rephrasing.wordings import OWN_WORDS, Rephrasing
from itlim.errors import CancelledError, InputError
from itlim.library import load_library
from itlim.models.pair_cache import PairCache
from itlim.pipeline import Inspection, identify
from itlim.records import Request

QUESTION = "Tell me who founded Toyota."


def own(*texts):
    return [Rephrasing(template=OWN_WORDS, text=text) for text in texts]


@pytest.fixture(scope="module")
def asked():
    """Request, loaded pair and run of one question."""
    pair = load_library().pair("demo-sft")
    loaded = PairCache(capacity=1).get(pair, lambda *_: None)
    request = Request(pair=pair, instruction=QUESTION, max_new_tokens=48)
    return request, loaded, Inspection(identify(request), loaded).answer()


@pytest.fixture
def case(asked):
    run = asked[2]
    start = run.response.index("Tony")
    return new_case(run, start, run.response.index("."))


def test_each_answer_belongs_to_the_run_of_its_wording(asked, case):
    request, loaded, _ = asked
    made = list(answers(case, own("Who founded Toyota?", "Who set up Honda?"), request, loaded))
    assert [one.instruction for one, _ in made] == ["Who founded Toyota?", "Who set up Honda?"]
    for one, run in made:
        alone = Inspection(identify(replace(request, instruction=one.instruction)), loaded).answer()
        assert (one.response, one.run_id) == (alone.response, run.run_id)
        assert one.recurs == recurrence(case.quote, run.response)
        assert (one.tuned_hash, one.decoding) == (run.tuned_hash, "greedy")
        assert one.borrowed is None


def test_a_stored_run_is_reused(asked, case):
    request, loaded, run = asked
    (made,) = answers(case, own("Who founded it?"), request, loaded, known=lambda _request: run)
    assert made[0].recurs.similarity == 1.0


def test_the_same_span_of_the_same_run_is_one_case(asked, case):
    run = asked[2]
    assert case.case_id == case_id(run.run_id, case.start, case.stop)
    assert case.case_id != case_id(run.run_id, case.start, case.stop - 1)


def test_canceling_keeps_earlier_answers(asked, case):
    request, loaded, _ = asked
    got = []
    asking = answers(
        case,
        own("Who founded Toyota?", "Who set it up?"),
        request,
        loaded,
        known=lambda _request: asked[2],
        cancelled=lambda: bool(got),
    )
    got.append(next(asking))
    with pytest.raises(CancelledError, match="answered 1 of 2"):
        next(asking)
    assert len(got) == 1


@pytest.mark.parametrize(
    ("texts", "message"),
    [((), "at least 2"), (("Who?", " "), "is empty"), ((QUESTION,), "the instruction itself")],
)
def test_missing_empty_and_unchanged_wordings_are_rejected(asked, case, texts, message):
    request, loaded, _ = asked
    with pytest.raises(InputError, match=message):
        next(answers(case, own(*texts), request, loaded))


def test_another_pair_may_be_asked_the_original_instruction(asked, case):
    request, loaded, run = asked
    other = replace(request, pair=replace(request.pair, name="another"))
    assert next(answers(case, own(QUESTION), other, loaded, known=lambda _request: run))


def test_a_wording_that_is_too_long_is_an_error_before_anything_is_asked(asked, case):
    request, loaded, _ = asked
    long = "Who founded Toyota " + "and why " * 400
    with pytest.raises(InputError, match=r"Nothing was asked.*Who founded Toyota and why"):
        next(answers(case, own("Who set it up?", long), request, loaded))


def test_runs_of_rephrased_questions_have_their_own_origin(asked, case):
    request, loaded, _ = asked
    ((_, run),) = answers(case, own("Who set up Toyota?"), request, loaded)
    assert run.origin == "counterfactual"


def test_a_span_outside_the_answer_or_without_words_is_rejected(asked):
    run = asked[2]
    with pytest.raises(InputError, match=r"span 5:\d+ .*the response of \d+ code points"):
        new_case(run, 5, len(run.response) + 1)
    with pytest.raises(InputError, match="no letter"):
        new_case(run, run.response.index("."), run.response.index(".") + 1)
