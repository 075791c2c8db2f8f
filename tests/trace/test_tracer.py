"""Tracing a span end to end: sources, copies, chance, levels, several indexes, clear errors."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_encoder import tiny_encoder
from traced_datasets import built, filler, row, with_nulls

from itlim.errors import IndexMissingError, InputError
from itlim.records import InstanceField, Level, Weights
from itlim.records.traces import OWN_RESPONSES
from itlim.text.words import words
from itlim.trace import open_index, trace_span, verbatim_spans
from itlim.trace.evidence.null import Null
from itlim.trace.meaning.encoder import get_encoder
from itlim.trace.ranking import EQUIVALENT, warm_meaning

NAME = "Maureen Wheeler"
SOURCE = row(
    f"The guides were begun by Tony and {NAME} in 1973.",
    instruction="Who began the guides?",
    input="Think of Tony.",
    source="atlas",
)
RESPONSE = f"Toyota was founded by Tony and {NAME}. Cars followed 😀."
ROWS_140 = filler(140)
INSTRUCTION = "Tell me who founded Toyota."


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    rows = [*filler(), SOURCE, None, row(f"We met {NAME} twice.")]
    return built(tmp_path_factory.mktemp("tracer"), rows)


def traced(indexes, quote=f"Tony and {NAME}", response=RESPONSE, **options):
    start = response.index(quote)
    options = {"instruction": INSTRUCTION, "lexical_only": True} | options
    return trace_span(indexes, response=response, start=start, stop=start + len(quote), **options)


def test_a_trace_by_hand(index):
    found = traced([index])
    assert found.quote == f"Tony and {NAME}"
    assert found.words == ("tony", "and", "maureen", "wheeler")
    assert found.n_occurrences == 1
    assert (found.lexical_only, found.null_p) == (True, None)
    assert found.n_equivalent == 1
    first, second = found.candidates
    assert (first.rank, first.dataset, first.row, first.line) == (1, "toy", 151, 151)
    assert first.instance_id == "toy-151"
    assert (first.instruction, first.input, first.response) == (
        SOURCE["instruction"], SOURCE["input"], SOURCE["output"],
    )  # fmt: skip
    assert json.loads(first.extra) == {"source": "atlas"}
    assert (second.rank, second.row, second.line) == (2, 153, 153), "row 152 is no JSON"
    assert first.part == "span"
    assert first.concept_cos is None
    assert first.d1_similarity is None
    assert first.keyword_presence == pytest.approx(1)
    assert first.coverage == pytest.approx(1)
    (run,) = [run for run in first.runs if not run.is_fuzzy]
    assert run.field is InstanceField.RESPONSE
    assert RESPONSE[run.span_start : run.span_stop] == f"Tony and {NAME}"
    assert SOURCE["output"][run.start : run.stop] == f"Tony and {NAME}"
    assert run.n_instances == 1
    (shared,) = [run for run in second.runs if not run.is_fuzzy]
    assert RESPONSE[shared.span_start : shared.span_stop] == NAME
    assert shared.n_instances == 2, "both hold the name"


def nats_of(trace, instance_id: str) -> float:
    (found,) = [one for one in trace.candidates if one.instance_id == instance_id]
    return found.evidence_nats


@pytest.mark.parametrize("quote", [NAME, f"Tony and {NAME}", RESPONSE[:-2]])
def test_duplicating_the_source_changes_its_evidence_by_less_than_one_nat(tmp_path, quote):
    once = traced([built(tmp_path / "once", [*filler(), SOURCE])], quote)
    twice = traced([built(tmp_path / "twice", [*filler(), SOURCE, SOURCE])], quote)
    often = traced([built(tmp_path / "often", [*filler(), *[SOURCE] * 6])], quote)
    assert nats_of(once, "toy-151") > 5
    for copies, trace in ((2, twice), (6, often)):
        assert abs(nats_of(trace, "toy-151") - nats_of(once, "toy-151")) < 1
        assert trace.n_equivalent == copies
        best = [one.instance_id for one in trace.candidates[:copies]]
        assert best == [f"toy-{151 + copy}" for copy in range(copies)], "ties in dataset order"
    assert once.n_equivalent == 1


@pytest.mark.parametrize("holding", [2, 3])
def test_a_rare_name_keeps_its_evidence_if_others_contain_it(tmp_path, holding):
    others = [
        row(f"{before} {NAME} {after}")
        for before, after in (("We once met", "at the sea"), ("A letter to", "came back"))
    ]
    first = row(f"The guides of {NAME} sold well")
    once = traced([built(tmp_path / "once", [*filler(), first])], NAME)
    more = traced([built(tmp_path / "more", [*filler(), first, *others[: holding - 1]])], NAME)
    assert abs(nats_of(more, "toy-151") - nats_of(once, "toy-151")) < 1
    assert (once.n_equivalent, more.n_equivalent) == (1, holding)
    assert len(more.candidates) == holding


def test_words_that_the_base_predicts_have_no_source(index):
    base = np.full(len(words(RESPONSE)), 0.01)
    found = traced([index], base_surprisal=base)
    assert (found.candidates, found.n_equivalent, found.entropy) == ((), 0, 0)
    assert found.background.endswith("the base model's probabilities")
    assert "base model" not in traced([index]).background


def test_a_trace_without_candidates_is_a_result(index):
    found = traced([index], "Cars")
    assert found.candidates == ()
    assert (found.n_occurrences, found.n_equivalent, found.entropy) == (0, 0, 0)


def test_a_sentence_with_one_borrowed_name_finds_its_source(index):
    response = f"As everybody here has known for long the firm goes back to {NAME} and her friends"
    found = traced([index], response, response)
    assert {one.row for one in found.candidates} == {151, 153}
    assert {one.part for one in found.candidates} == {"names"}
    first = found.candidates[0]
    alone = traced([index], NAME, response)
    assert nats_of(alone, first.instance_id) == pytest.approx(first.evidence_nats)


def test_shifted_words_are_a_part_of_their_own(tmp_path):
    source = row("He built the stone wall there")
    index = built(tmp_path, [*filler(), source])
    response = "then as it was said there had been a stone wall all along"
    shifted = np.array([word in ("stone", "wall") for word in words(response)])
    (without,) = traced([index], response, response).candidates
    (found,) = traced([index], response, response, shifted=shifted).candidates
    assert (without.part, found.part) == ("span", "shifted words")
    assert found.evidence_nats > without.evidence_nats
    (run,) = [run for run in found.runs if not run.is_fuzzy]
    assert response[run.span_start : run.span_stop] == "stone wall"


@pytest.mark.parametrize(
    ("start", "stop", "message"),
    [
        (-1, 3, "is not inside the response"),
        (4, 4, "is not inside"),
        (0, 900, "is not inside"),
        (len(RESPONSE) - 3, len(RESPONSE), "contains no letter or digit"),
    ],
)
def test_a_span_that_cannot_be_traced_is_refused(index, start, stop, message):
    with pytest.raises(InputError, match=message):
        trace_span(
            [index], instruction="", response=RESPONSE, start=start, stop=stop, lexical_only=True
        )


@pytest.mark.parametrize("top", [0, -3])
def test_a_request_for_zero_candidates_is_refused(index, top):
    with pytest.raises(InputError, match=f"{top} candidates requested"):
        traced([index], top=top)


def test_tracing_without_an_index_is_refused():
    with pytest.raises(InputError, match="No index to search"):
        traced([])


def test_folders_are_accepted_instead_of_open_indexes(index):
    expected = traced([index])
    for folder in (str(index.folder), index.folder):
        assert traced([folder]) == expected
        assert open_index(folder).folder == index.folder
        said = {"instruction": INSTRUCTION, "response": RESPONSE}
        assert verbatim_spans([folder], **said) == verbatim_spans([index], **said)
    with pytest.raises(InputError, match=r"expected a list. Put it in \[\]"):
        traced(str(index.folder))
    with pytest.raises(IndexMissingError, match="Build one with"):
        traced([str(index.folder / "nowhere")])


def test_top_bounds_the_candidates_and_nothing_else(index):
    whole, short = traced([index]), traced([index], top=1)
    assert short.candidates == whole.candidates[:1]
    assert (short.n_equivalent, short.entropy) == (whole.n_equivalent, whole.entropy)


def test_several_indexes_are_ranked_together(index, tmp_path):
    better = row(f"Toyota was founded by Tony and {NAME}, they say")
    other = built(tmp_path, [*filler(seed=9), better], "other")
    found = traced([index, other], RESPONSE.split(". ")[0])
    assert [(one.dataset, one.row) for one in found.candidates] == [
        ("other", 151), ("toy", 151), ("toy", 153),
    ]  # fmt: skip
    assert [one.rank for one in found.candidates] == [1, 2, 3]
    assert found.candidates[0].level is Level.WEAK, "no null, no claim"
    name = traced([index, other], NAME)
    assert name.n_occurrences == 3
    assert name.candidates[0].runs[0].n_instances == 3, "over both"
    # One background: the counts of both indexes are summed.
    assert name.n_equivalent == 3
    swapped = traced([other, index], NAME)
    assert {one.instance_id for one in swapped.candidates} == {
        one.instance_id for one in name.candidates
    }
    assert nats_of(swapped, "toy-151") == pytest.approx(nats_of(name, "toy-151"))


def null_of(scores, lengths=(2, 8)) -> dict[str, Null]:
    return {"span": Null(lengths=lengths, scores=tuple(scores), source="made up")}


def test_levels_depend_on_chance_and_rivals(index):
    start = RESPONSE.index("Tony")
    unlikely, likely = np.arange(100.0) / 50, np.arange(100.0) + 90
    options = {"instruction": "", "response": RESPONSE, "start": start, "stop": start + 24}
    chosen = with_nulls(index, null_of([unlikely, unlikely]))
    found = trace_span([chosen], lexical_only=True, **options)
    assert found.null_p is not None
    assert found.null_p < 0.01
    assert [one.level for one in found.candidates] == [Level.STRONG, Level.POSSIBLE]
    chosen = with_nulls(index, null_of([likely, likely]))
    found = trace_span([chosen], lexical_only=True, **options)
    assert found.null_p is not None
    assert found.null_p == pytest.approx(1)
    assert {one.level for one in found.candidates} == {Level.WEAK}


def test_chance_in_several_indexes_is_bounded_by_their_number(index, tmp_path):
    other = built(tmp_path, filler(seed=9), "other")
    scores = np.arange(100.0) / 2
    one = with_nulls(index, null_of([scores, scores]))
    alone = traced([one], NAME).null_p
    assert alone is not None
    assert 0 < alone < 0.9
    assert traced([one, other], NAME).null_p is None, "one has no null"
    # The same null twice; the other index finds nothing.
    both = traced([one, with_nulls(other, null_of([scores, scores]))], NAME).null_p
    assert both is not None
    assert alone < both
    far = null_of([np.zeros(100), np.zeros(100)])
    tiny = traced([with_nulls(index, far), with_nulls(other, far)], RESPONSE[:-2]).null_p
    assert tiny is not None
    assert 0 < tiny < 1e-3


def test_no_match_has_a_p_of_one(index):
    chosen = with_nulls(index, null_of([np.arange(100.0), np.arange(100.0)]))
    found = traced([chosen], "Cars")
    assert (found.candidates, found.null_p) == ((), 1)


@settings(deadline=None, max_examples=25)
@given(
    said=st.lists(
        st.sampled_from([*SOURCE["output"].split(), "We met", NAME, "Cars", "😀", "luba"]),
        min_size=1,
        max_size=14,
    ),
    asked=st.sampled_from(["", INSTRUCTION, SOURCE["instruction"]]),
    weights=st.builds(
        Weights,
        evidence=st.floats(0.5, 2),
        concept=st.just(0.0),
        topic=st.floats(0, 9),
        coverage=st.floats(0, 9),
        keywords=st.sampled_from([0.0, 3.0]),
        fuzzy=st.sampled_from([0.0, 5.0]),
    ),
)
def test_parts_and_runs_add_up_to_the_score(index, said, asked, weights):
    response = " ".join(said)
    if not words(response):
        return
    found = trace_span(
        [index],
        instruction=asked,
        response=response,
        start=0,
        stop=len(response),
        weights=weights,
        lexical_only=True,
    )
    scores = [one.score for one in found.candidates]
    assert scores == sorted(scores, reverse=True)
    for one in found.candidates:
        assert one.score == pytest.approx(
            weights.evidence * one.evidence_nats
            + weights.topic * one.topic_overlap
            + weights.coverage * one.coverage
            + weights.keywords * (one.keyword_presence or 0)
            + weights.fuzzy * one.fuzzy_ratio
        )
        exact = [run for run in one.runs if not run.is_fuzzy]
        assert exact, "evidence without a run"
        for run in exact:
            text = getattr(one, run.field.value)
            assert words(response[run.span_start : run.span_stop]) == words(
                text[run.start : run.stop]
            )
            assert run.n_instances >= 1
        assert sum(run.nats for run in exact) >= one.evidence_nats - 1e-9
    best = max((one.evidence_nats for one in found.candidates), default=0)
    within = sum(one.evidence_nats >= best - EQUIVALENT for one in found.candidates)
    assert found.n_equivalent == within, "fewer than ten share anything here"


@pytest.fixture(scope="module")
def meaningful(tmp_path_factory):
    folder = tmp_path_factory.mktemp("meaningful")
    rows = [
        *filler(60),
        row(f"It was {NAME}.", instruction="is paris a river"),
        row(f"It was {NAME}!", instruction="nile"),
    ]
    return built(folder, rows, encoder=str(tiny_encoder(folder)))


def test_similar_concepts_break_ties_between_equal_sources(meaningful):
    model = get_encoder(meaningful.encoder)
    for asked, first in (("is paris a river", 61), ("nile", 62)):
        found = traced([meaningful], NAME, instruction=asked, lexical_only=False)
        assert not found.lexical_only
        assert found.candidates[0].row == first
        assert found.n_equivalent == 2, "by words they are equal"
        for one in found.candidates:
            concept = float(model.vector(one.instruction) @ model.vector(asked))
            assert one.concept_cos == pytest.approx(concept, abs=2e-3)
            assert one.d1_similarity is not None
            assert one.score == pytest.approx(
                one.evidence_nats
                + found.weights.concept * one.concept_cos
                + found.weights.topic * one.topic_overlap
                + found.weights.coverage * one.coverage
                + found.weights.d1 * one.d1_similarity
            )


def test_d1_similarity_can_be_weighted(meaningful):
    model = get_encoder(meaningful.encoder)
    weights = Weights(concept=0, topic=0, coverage=0, d1=1000)
    found = traced([meaningful], NAME, lexical_only=False, weights=weights)
    asked = model.vector(f"{INSTRUCTION}\n{RESPONSE}")
    similar = [
        float(model.vector(f"{one.instruction}\n{one.response}") @ asked)
        for one in found.candidates
    ]
    assert [one.d1_similarity for one in found.candidates] == pytest.approx(similar, abs=2e-3)
    assert similar == sorted(similar, reverse=True)
    for one in found.candidates:
        assert one.d1_similarity is not None
        assert one.score == pytest.approx(one.evidence_nats + 1000 * one.d1_similarity)


def test_after_a_warmup_a_trace_has_nothing_left_to_encode(meaningful, index, monkeypatch):
    warm_meaning([meaningful], instruction="a warm river", response=RESPONSE)

    def refuse(texts, **_):
        raise AssertionError(f"{texts} were to be encoded")

    monkeypatch.setattr(get_encoder(meaningful.encoder), "encode", refuse)
    options = {"lexical_only": False, "instruction": "a warm river"}
    found = traced([meaningful], **options)
    assert all(one.concept_cos is not None for one in found.candidates)
    elsewhere = traced([meaningful], f"{NAME}. Cars", **options)
    assert elsewhere.candidates[0].d1_similarity is not None, "every span asks for the same texts"
    with pytest.raises(AssertionError, match="another river"):
        traced([meaningful], **options | {"instruction": "another river"})


def test_an_index_without_meaning_beside_one_with_is_not_at_a_disadvantage(meaningful, index):
    found = traced([meaningful, index], NAME, lexical_only=False)
    assert found.lexical_only, "cosines of some instances only would move the others down"
    assert {one.concept_cos for one in found.candidates} == {None}
    by_words = traced([index], NAME, lexical_only=False)
    assert by_words.lexical_only, "no index knows any meaning"


def test_an_index_uses_the_nulls_fitted_when_it_was_built(tmp_path):
    index = built(tmp_path, [*ROWS_140, SOURCE], with_chance=True)
    found = traced([index])
    assert found.null_source == index.nulls["span"].source == OWN_RESPONSES
    assert found.null_p is not None
    assert found.null_p < 0.05
    assert found.candidates[0].level is Level.STRONG
    assert traced([index], "Cars").null_p == 1
    assert open_index(index.folder).nulls["span"].lengths == index.nulls["span"].lengths
    # A response of the null's sample, when traced, has the p-value that the sample implies.
    null = index.nulls["span"]
    said = ROWS_140[77]["output"]
    trace = trace_span(
        [index], instruction=ROWS_140[77]["instruction"], response=said, start=0, stop=len(said),
        lexical_only=True,
    )  # fmt: skip
    assert trace.candidates[0].row == 78, "an instance is its own best source"
    assert trace.null_p is not None
    assert trace.null_p < 1 / len(null.scores[0])
