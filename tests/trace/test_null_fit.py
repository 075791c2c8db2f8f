"""Fitting the chance baseline: on which responses, against which instances, with which score."""

import json

import numpy as np
import pytest
from word_corpora import in_memory

from itlim.errors import CancelledError, DatasetError, InputError
from itlim.settings import REFERENCE_ANSWERS
from itlim.trace.evidence.background import corpus_surprisal
from itlim.trace.evidence.null import LENGTHS, MAX_ANSWER_WORDS, chance_statistic
from itlim.trace.evidence.span_evidence import Response, span_evidence
from itlim.trace.evidence.stretches import rare_stretches
from itlim.trace.evidence.units import sample_units
from itlim.trace.index import null_fit as module
from itlim.trace.index.null_fit import reference_pairs
from itlim.trace.words.matching import match


def sentence(name: str, n: int = 24) -> str:
    """Words that occur nowhere else."""
    return " ".join(f"{name}{number}" for number in range(n))


CONTROLS = [("what?", sentence(name)) for name in ("u", "v", "w")]
ROWS = [(f"q{name}", "", sentence(name)) for name in "abcdefgh"]


def fit_nulls(*arguments, **options):
    """Fit small samples."""
    return module.fit_nulls(*arguments, per_length=6, min_scores=3, **options)


def own_of(rows):
    return lambda position: (rows[position][0], rows[position][2])


def test_texts_that_share_no_words_score_zero():
    nulls = fit_nulls(in_memory(ROWS), own_of(ROWS), controls=CONTROLS, source="three strangers")
    assert set(nulls) == {"span", "response"}
    assert nulls["span"].lengths == tuple(length for length in LENGTHS if length <= 20)
    # Each control is one sentence of 24 words, nearest to 20; other lengths are random stretches.
    assert {len(scores) for scores in nulls["span"].scores} == {3}
    assert not np.concatenate(nulls["span"].scores).any()
    assert nulls["span"].source == "three strangers"
    assert nulls["response"].lengths == (20,)
    assert nulls["response"].scores[0].tolist() == [0, 0, 0]


def test_scores_are_those_of_a_trace():
    borrowed = ("qa", "x " + sentence("a", 20)), ("", sentence("b", 20) + " y z")
    controls = [*CONTROLS, *borrowed]
    index = in_memory(ROWS)
    null = fit_nulls(index, own_of(ROWS), controls=controls)["span"]
    responses = [Response.of(*pair) for pair in controls]
    expected = {length: [] for length in null.lengths}
    for unit in sample_units(responses, LENGTHS, 6, seed=0, at_least=3):
        text = responses[unit.response]
        (found,) = span_evidence([index], text, unit.first, unit.last)
        score = chance_statistic(index, found.positions, found.nats, text.instruction)
        expected.get(unit.length, []).append(score)
    for length, scores in zip(null.lengths, null.scores, strict=True):
        assert scores.tolist() == pytest.approx(sorted(expected[length]))
    assert np.concatenate(null.scores).max() > 20


def test_a_response_scores_its_rarest_verbatim_stretch():
    controls = [("", sentence("a", 5) + " " + sentence("b", 20)), *CONTROLS]
    index = in_memory(ROWS)
    null = fit_nulls(index, own_of(ROWS), controls=controls)["response"]
    matches = match(index, controls[0][1].split()[:20])
    stretches = rare_stretches(matches, corpus_surprisal([matches]))
    # Fifteen of b's words, not five of a's; the first 20 words of the 25.
    assert [stop - start for start, stop, _ in stretches] == [5, 15]
    assert null.scores[0].tolist() == pytest.approx([0, 0, 0, stretches[1][2]])


def test_if_the_reference_does_not_fit_the_datasets_own_responses_are_used():
    # Two equal contents, and a third one with the same response.
    rows = [*ROWS, ROWS[0]]
    nulls = fit_nulls(in_memory(rows), own_of(rows))
    assert "own responses" in nulls["span"].source
    # No response matches itself or its exact copy.
    assert not np.concatenate(nulls["span"].scores).any()
    assert not np.concatenate(nulls["response"].scores).any()
    shared = [*ROWS, ("another question", "", sentence("a"))]
    nulls = fit_nulls(in_memory(shared), own_of(shared))
    assert np.concatenate(nulls["span"].scores).max() > 20
    assert np.concatenate(nulls["response"].scores).max() > 20


def test_the_reference_is_used_if_the_dataset_contains_its_words():
    rows = [(instruction, "", response) for instruction, response in reference_pairs()]
    share = module.vocabulary_coverage(in_memory(rows), reference_pairs())
    assert share == 1
    half = module.vocabulary_coverage(in_memory([("", "", "a b")]), [("", "a x"), ("", "b y")])
    assert half == 0.5


def test_the_same_fit_gives_the_same_null():
    index = in_memory(ROWS)
    one, other = (fit_nulls(index, own_of(ROWS))["span"] for _ in range(2))
    assert [scores.tolist() for scores in one.scores] == [
        scores.tolist() for scores in other.scores
    ]


def test_too_few_responses_are_refused():
    with pytest.raises(InputError, match="cannot give a chance baseline"):
        fit_nulls(in_memory(ROWS), own_of(ROWS), controls=[])
    # Short responses give spans, but no whole response of 20 words.
    short = [("", f"one two {word}") for word in ("three", "four", "five")]
    nulls = fit_nulls(in_memory(ROWS), own_of(ROWS), controls=short)
    assert set(nulls) == {"span"}


def test_short_answers_are_compared_with_right_answers_if_the_dataset_contains_their_words():
    rows = [(question, "", answer) for question, answer in reference_pairs(REFERENCE_ANSWERS)]
    controls = [("", f"one two {word}") for word in ("three", "four", "five")]
    nulls = fit_nulls(in_memory(rows), own_of(rows), controls=controls)
    assert nulls["answer"].lengths == (MAX_ANSWER_WORDS,)
    assert len(nulls["answer"].scores[0]) == len(rows) >= 100
    # The rows are the answers themselves, so nearly all of them match.
    assert np.median(nulls["answer"].scores[0]) > 3
    assert nulls["answer"].source == "right short answers to common questions"


def test_fitting_reports_progress_and_can_be_canceled():
    seen = []
    with pytest.raises(CancelledError):
        fit_nulls(
            in_memory(ROWS),
            own_of(ROWS),
            controls=CONTROLS,
            progress=lambda share, label: seen.append((share, label)),
            cancelled=lambda: bool(seen),
        )
    assert seen == [(0.0, "fitting the chance baseline")]


def test_the_reference_ships_and_a_missing_file_is_an_error(tmp_path):
    pairs = reference_pairs()
    assert len(pairs) >= 100
    assert all(instruction and response for instruction, response in pairs)
    path = tmp_path / "responses.jsonl"
    path.write_text(json.dumps({"instruction": "a\u2028b", "response": "c"}) + "\n", "utf-8")
    assert reference_pairs(path) == [("a\u2028b", "c")]
    path.unlink()
    with pytest.raises(DatasetError, match="Restore data/reference"):
        reference_pairs(path)
