import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.components.trace.payload import FULL_BAR, STRENGTH_EDGES, strength, trace_payload
from itlim.components.trace.score_parts import PARTS, score_part
from itlim.records import Candidate, CopiedRun, InstanceField, Weights
from itlim.text.utf16 import Utf16Offsets
from tests.example_traces import example_trace

TEXT = st.text(alphabet=st.sampled_from("ab é🙂👩‍🚀\u202e中"), max_size=30)


def utf16(text: str) -> int:
    """Length as a browser counts it."""
    return len(text.encode("utf-16-le")) // 2


@given(TEXT, st.data())
def test_offsets_are_those_of_the_browser(text, data):
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, len(text)))
    assert Utf16Offsets(text).span(start, stop) == [utf16(text[:start]), utf16(text[:stop])]


def test_a_run_carries_both_sides_in_utf16_units():
    response, row = "🙂🙂 grey whale.", {"instruction": "i", "output": "A 🙂 grey whale"}
    trace = example_trace(response, "grey whale", rows=[row])
    (run,) = trace_payload(trace, doc="d")["candidates"][0]["runs"]
    assert run["span"] == [5, 15]
    assert run["at"] == [5, 15]
    assert run["quote"] == "grey whale"


def test_a_parts_contribution_is_its_weight_times_its_value():
    weights = Weights(evidence=2, concept=3, d1=0, keywords=0.5)
    trace = example_trace(quote="was founded by Tony and Maureen Wheeler", weights=weights)
    candidate = trace.candidates[1]
    adds = {part.column: score_part(candidate, part, trace.weights) for part in PARTS}
    assert adds["evidence_nats"] == pytest.approx(2 * candidate.evidence_nats)
    assert adds["concept_cos"] == pytest.approx(3 * 0.3)
    assert adds["keyword_presence"] == pytest.approx(0.5 * 0.5)
    assert adds["d1_similarity"] == 0


def test_a_part_that_was_not_measured_is_null_not_zero():
    packed = trace_payload(example_trace(lexical_only=True), doc="d")["candidates"][0]["parts"]
    assert packed[1] == [None, None]
    assert packed[0][0] > 0


def test_bars_are_scaled_by_the_largest_part_of_any_candidate():
    trace = example_trace()
    assert trace_payload(trace, doc="d")["top_part"] == pytest.approx(
        max(candidate.evidence_nats for candidate in trace.candidates)
    )


def run_at(start, stop, field, at, nats=5.0, is_fuzzy=False):
    return CopiedRun(
        span_start=start,
        span_stop=stop,
        field=field,
        start=at,
        stop=at + stop - start,
        nats=nats,
        n_instances=2,
        is_fuzzy=is_fuzzy,
    )


def test_runs_over_the_same_words_share_a_number_in_the_order_of_the_response():
    trace = example_trace()
    where = trace.start
    runs = (
        run_at(where + 9, where + 16, InstanceField.RESPONSE, 3),
        run_at(where, where + 4, InstanceField.RESPONSE, 0),
        run_at(where, where + 4, InstanceField.INSTRUCTION, 2),
        run_at(where, where + 4, InstanceField.RESPONSE, 0, nats=0, is_fuzzy=True),
    )
    first = replace(trace.candidates[0], runs=runs)
    packed = trace_payload(replace(trace, candidates=(first,)), doc="d")["candidates"][0]
    numbers = [(run["number"], run["fuzzy"], run["quote"]) for run in packed["runs"]]
    assert numbers == [
        (1, False, "Tony"),
        (1, False, "Tony"),
        (2, True, "Tony"),
        (3, False, "Maureen"),
    ]
    fields = [packed["fields"][run["field"]]["name"] for run in packed["runs"]]
    assert sorted(fields[:2]) == ["instruction", "response"]


def test_empty_fields_are_left_out_and_order_is_instruction_input_response():
    packed = trace_payload(example_trace(), doc="d")["candidates"][0]
    assert [one["name"] for one in packed["fields"]] == ["instruction", "response"]


@given(st.floats(0, 200), st.floats(0, 200))
def test_rarer_runs_are_never_paler(one, other):
    low, high = sorted((one, other))
    assert 1 <= strength(low) <= strength(high) <= 1 + len(STRENGTH_EDGES)


def test_a_payload_is_json():
    assert json.loads(json.dumps(trace_payload(example_trace(), doc="d"), allow_nan=False))


def test_every_weight_is_shown_as_a_part_of_a_candidate():
    shown = [part.weight_name for part in PARTS]
    assert sorted(shown) == sorted(field.name for field in fields(Weights))
    assert {part.column for part in PARTS} <= {field.name for field in fields(Candidate)}


def test_influence_is_a_part_only_if_it_was_requested():
    trace = example_trace(quote="The company was started in 1947.")
    labels = [part["label"] for part in trace_payload(trace, doc="d")["parts"]]
    assert "Influence" not in labels
    first, *others = trace.candidates
    asked = replace(
        trace,
        candidates=(replace(first, influence_cos=-0.4, influence_dot=-9.0), *others),
        influence="all weights",
    )
    packed = trace_payload(asked, doc="d")
    assert packed["parts"][-1]["label"] == "Influence"
    assert packed["parts"][-1]["top"] == 0.4
    assert packed["parts"][-1]["weight"] == 0.0
    assert packed["candidates"][0]["parts"][-1] == [-0.4, 0.0]
    assert packed["candidates"][1]["parts"][-1] == [None, None]
    assert "Influence is measured over all weights." in packed["summary"]["lines"]
    assert all(len(one["parts"]) == len(packed["parts"]) for one in packed["candidates"])


def test_a_small_cosine_does_not_fill_its_bar():
    (only,) = example_trace().candidates
    asked = replace(example_trace(), candidates=(replace(only, influence_cos=0.02),))
    assert trace_payload(asked, doc="d")["parts"][-1]["top"] == FULL_BAR == 0.25
