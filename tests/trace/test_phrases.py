"""The phrase to show first, and the parts of a span that are borrowed although the whole is not."""

import numpy as np
import pytest
from traced_datasets import built, filler, row, with_nulls

from itlim.components.trace.wording import verdict_in_words
from itlim.errors import InputError
from itlim.records import Level
from itlim.trace import borrowed_phrases, default_phrase, trace_span
from itlim.trace.dataset_phrases import N_FAMILIES
from itlim.trace.evidence.null import Null
from itlim.trace.evidence.span_evidence import Response
from itlim.trace.phrases import phrases_in

NAME = "Tony and Maureen Wheeler"
SOURCE = row(f"Lonely Planet was founded by {NAME}.", instruction="Who founded Lonely Planet?")
RESPONSE = f"Toyota was founded by {NAME}. It makes luba mato cars. It is large."
INSTRUCTION = "Who founded Toyota?"


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """An index whose null has scores from 0 to 20 nats at every length."""
    found = built(tmp_path_factory.mktemp("phrases"), [*filler(), SOURCE])
    scores = np.linspace(0, 20, 200)
    null = Null(lengths=(1, 20), scores=(scores, scores), source="drawn")
    return with_nulls(found, {"span": null, "response": null})


def quoted(phrase) -> str:
    return RESPONSE[phrase.start : phrase.stop]


def test_the_default_is_the_borrowed_name_and_its_p_is_corrected_for_the_choice(index):
    found = default_phrase([index], instruction=INSTRUCTION, response=RESPONSE)
    assert NAME in quoted(found)
    assert found.instance_id == "toy-151"
    # Three sentences, and two kinds of phrases.
    assert found.n_choices == 3 * N_FAMILIES
    trace = trace_span(
        [index], instruction=INSTRUCTION, response=RESPONSE, start=found.start, stop=found.stop,
        n_choices=found.n_choices,
    )  # fmt: skip
    alone = trace_span(
        [index], instruction=INSTRUCTION, response=RESPONSE, start=found.start, stop=found.stop
    )
    assert trace.null_p == pytest.approx(min(1.0, 6 * alone.null_p))
    assert trace.candidates[0].instance_id == "toy-151"


def test_phrases_are_ordered_by_p_and_stay_inside_the_part(index):
    found = borrowed_phrases([index], instruction=INSTRUCTION, response=RESPONSE)
    values = [one.null_p for one in found]
    assert values == sorted(values)
    start, stop = RESPONSE.index("Tony"), RESPONSE.index(" It makes")
    inside = borrowed_phrases(
        [index], instruction=INSTRUCTION, response=RESPONSE, start=start, stop=stop
    )
    assert inside
    assert all(start <= one.start < one.stop <= stop for one in inside)


def test_words_of_the_instruction_are_no_evidence(index):
    asked = f"Who are {NAME}?"
    found = borrowed_phrases([index], instruction=asked, response=f"{NAME} are people.")
    assert all(one.null_p > 0.05 for one in found)


def test_between_equal_phrases_the_one_that_the_base_did_not_predict_comes_first(index):
    response = f"{NAME} met {NAME[5:]}. {NAME} met {NAME[5:]}."
    words = len(response.replace(".", "").split())
    for half in (0, 1):
        surprise = np.zeros(words)
        surprise[half * words // 2 : (half + 1) * words // 2] = 6.0
        found = default_phrase([index], instruction="", response=response, base_surprisal=surprise)
        assert (found.start >= len(response) // 2) == bool(half)


def test_a_common_span_with_a_borrowed_part_is_not_called_sourceless(index):
    # Among many ordinary words, the name does not make the whole span unusual.
    long = f"{RESPONSE} " + " ".join(f"It is number {word}." for word in ("one", "two"))
    null = Null(
        lengths=(1, 4, 6, 20), source="drawn",
        scores=tuple(np.linspace(0, top, 400) for top in (5.0, 5.0, 60.0, 60.0)),
    )  # fmt: skip
    strict = with_nulls(index, {"span": null})
    trace = trace_span(
        [strict], instruction=INSTRUCTION, response=long, start=0, stop=len(RESPONSE)
    )
    assert trace.null_p > 0.05
    assert [long[part.start : part.stop] for part in trace.borrowed_parts] == [NAME]
    assert trace.borrowed_parts[0].null_p < 0.05
    verdict = verdict_in_words(trace)
    assert f"“{NAME}” matches toy-151 beyond chance" in verdict
    assert "The rest, “" in verdict
    best = next(one for one in trace.candidates if one.instance_id == "toy-151")
    assert best.level is Level.STRONG


def test_without_a_null_phrases_are_ordered_by_evidence(tmp_path):
    index = built(tmp_path, [*filler(), SOURCE])
    found = borrowed_phrases([index], instruction=INSTRUCTION, response=RESPONSE)
    assert [one.null_p for one in found] == [None] * len(found)
    assert [one.nats for one in found] == sorted((one.nats for one in found), reverse=True)
    assert NAME in quoted(found[0])


def test_a_response_without_evidence_has_no_default(index):
    assert default_phrase([index], instruction="", response="zebra quagga okapi") is None
    assert default_phrase([index], instruction="", response="…") is None
    with pytest.raises(InputError, match="No index"):
        default_phrase([], instruction="", response="a")


@pytest.mark.parametrize("below", [0.05, 0.5])
def test_leaving_out_common_phrases_early_loses_none_that_is_wanted(index, below):
    response = Response.of(INSTRUCTION, f"{RESPONSE} {filler(3, seed=4)[1]['output']}. {NAME}.")
    n = len(response.words)
    for first, last in ((0, n), (1, n - 1), (3, 9), (n - 8, n)):
        whole = phrases_in([index], response, first, last)
        wanted = [one for one in whole if one.null_p < below]
        found = phrases_in([index], response, first, last, below=below)
        assert [one for one in found if one.null_p < below] == wanted
