from dataclasses import replace

import pyarrow as pa
import pytest
import torch
from example_traces import example_trace
from tiny_models import full_pair

from itlim.causality.influence.gradient_products import influences
from itlim.causality.influence.gradients import span_target
from itlim.causality.influence.span_influence import (
    InstanceInfluence,
    candidate_table,
    expected_seconds,
    span_influence,
    with_influence,
)
from itlim.errors import CancelledError, InputError
from itlim.models.huggingface import load_pair
from itlim.records import Weights
from itlim.training.encoding import encode_instances

ROWS = [
    ("x-1", "Who wrote Emma?", "", "Emma was written by Jane Austen."),
    ("x-2", "Name a river.", "In Egypt.", "The Nile."),
    ("x-3", "Say much.", "", "word " * 200),
]
RESPONSE = "It was written by Jane Doe."
COMMON = "The company was started in 1947."


def table(rows):
    names = ("instance_id", "instruction", "input", "response")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    torch.set_num_threads(1)
    return load_pair(full_pair(tmp_path_factory.mktemp("full")))


@pytest.fixture(scope="module")
def target(loaded):
    ids = loaded.encode_response(RESPONSE)
    start = RESPONSE.index("Jane Doe")
    return span_target(loaded, loaded.render("Who wrote it?").token_ids, ids, start, start + 8)


def test_instances_are_encoded_as_in_tuning(loaded, target):
    found = span_influence(loaded, target, table(ROWS[:2]))
    encoded = encode_instances(
        loaded.tokenizer, table(ROWS[:2]), loaded.pair.template, max_tokens=96
    )
    expected = influences(loaded, [target], encoded)
    assert list(found.by_instance) == ["x-1", "x-2"]
    assert [one.dot for one in found.by_instance.values()] == expected.dots[0].tolist()
    assert [one.cosine for one in found.by_instance.values()] == expected.cosines[0].tolist()
    assert (found.parameters, found.n_parameters) == ("all", expected.n_parameters)


def test_an_instance_that_exceeds_the_context_is_named_not_truncated(loaded, target):
    found = span_influence(loaded, target, table(ROWS))
    assert list(found.by_instance) == ["x-1", "x-2"]
    assert found.left_out == ("x-3",)
    with pytest.raises(InputError, match="1 instance given, none of which fits"):
        span_influence(loaded, target, table(ROWS[2:]))


def test_it_can_be_canceled(loaded, target):
    with pytest.raises(CancelledError):
        span_influence(loaded, target, table(ROWS), cancelled=lambda: True)


def found_for(trace, cosines):
    return {
        one.instance_id: InstanceInfluence(cosine=cosine, dot=10 * cosine)
        for one, cosine in zip(trace.candidates, cosines, strict=False)
    }


def test_a_weight_of_zero_adds_the_figures_but_keeps_ranks_and_scores():
    trace = example_trace(quote=COMMON)
    after = with_influence(trace, found_for(trace, (-0.5, 0.9)), "all weights")
    assert [one.instance_id for one in after.candidates] == [
        one.instance_id for one in trace.candidates
    ]
    assert [one.score for one in after.candidates] == [one.score for one in trace.candidates]
    assert [one.influence_cos for one in after.candidates[:3]] == [-0.5, 0.9, None]
    assert after.candidates[1].influence_dot == 9.0
    assert after.influence == "all weights"


def test_a_weight_adds_cosines_to_scores_and_updates_ranks():
    trace = replace(example_trace(quote=COMMON), weights=Weights(influence=1000.0))
    first, second = trace.candidates[:2]
    after = with_influence(trace, found_for(trace, (0.1, 0.2)), "all weights")
    assert after.candidates[0].instance_id == second.instance_id
    assert after.candidates[0].score == pytest.approx(second.score + 200.0)
    assert [one.rank for one in after.candidates] == list(range(1, len(after.candidates) + 1))
    unmeasured = {one.instance_id: one.score for one in trace.candidates[2:]}
    assert unmeasured.items() <= {one.instance_id: one.score for one in after.candidates}.items()
    assert first.instance_id in {one.instance_id for one in after.candidates[:2]}


def test_the_candidate_table_has_the_texts_of_the_traced_instances():
    trace = example_trace(quote=COMMON)
    rows = candidate_table(trace.candidates).to_pylist()
    assert rows[0] == {
        name: getattr(trace.candidates[0], name)
        for name in ("instance_id", "instruction", "input", "response")
    }
    assert len(rows) == len(trace.candidates)


def test_the_expected_time_increases_with_model_text_and_number():
    assert expected_seconds(1e6, 4000, 21) < 5
    assert expected_seconds(7e9, 4000, 21) > 600
    assert expected_seconds(1e6, 4000, 40) > expected_seconds(1e6, 4000, 20)
