import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from causality.studies import MAX_NEW_TOKENS, probes_of, retraining, save_base
from hypothesis import given
from hypothesis import strategies as st
from training.tiny import tiny_instances

from itlim.causality.probes import Reading, full_answers, read_model, response_logps
from itlim.errors import ShapeError


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    torch.set_num_threads(1)
    pair = save_base(tmp_path_factory.mktemp("base"))
    return retraining(pair, tiny_instances(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def probes(study):
    return probes_of(study)


def test_log_probabilities_match_hand_worked_ones():
    logits = torch.log(torch.tensor([[1.0, 3.0, 4.0], [2.0, 2.0, 1.0]]))
    found = response_logps(logits, torch.tensor([1, 2])).tolist()
    assert found == pytest.approx([math.log(3 / 8), math.log(1 / 5)], abs=1e-6)


@given(
    st.lists(st.lists(st.floats(-30, 30, width=32), min_size=3, max_size=3), min_size=1, max_size=5)
)
def test_the_probabilities_of_all_ids_sum_to_one(rows):
    logits = torch.tensor(rows)
    total = sum(
        response_logps(logits, torch.full((len(rows),), token)).double().exp() for token in range(3)
    )
    assert total.tolist() == pytest.approx([1.0] * len(rows), abs=1e-5)


def test_scores_equal_those_of_a_loop_over_single_tokens(study, probes):
    """Oracle: one growing sequence at a time, normalized in float64."""
    loaded = study.without(frozenset({"tiny-6"}))
    probes = [
        replace(probe, response_ids=probe.response_ids[: 3 * place + 1])
        for place, probe in enumerate(probes)
    ]
    reading = read_model(loaded, probes, MAX_NEW_TOKENS)
    for probe, logps in zip(probes, reading.logps, strict=True):
        sequence = list(probe.prompt.token_ids)
        for token, found in zip(probe.response_ids, logps.tolist(), strict=True):
            with loaded.tuned_model() as model, torch.no_grad():
                logits = model.model(input_ids=torch.tensor([sequence])).logits[0, -1].double()
            expected = float(logits[token]) - float(torch.logsumexp(logits, 0))
            assert found == pytest.approx(expected, abs=1e-4)
            sequence.append(token)


def test_leaving_out_nothing_has_exactly_no_effect(study, probes):
    full = read_model(study.full(), probes, MAX_NEW_TOKENS)
    nothing = read_model(study.without(frozenset()), probes, MAX_NEW_TOKENS)
    for before, after in zip(full.logps, nothing.logps, strict=True):
        assert np.array_equal(before, after)
    assert full.answers == nothing.answers == (None,) * len(probes)


def test_answers_are_greedy_although_most_are_not_generated(study, probes):
    changed = 0
    for number in range(1, 12):
        loaded = study.without(frozenset({f"tiny-{number}"}))
        reading = read_model(loaded, probes, MAX_NEW_TOKENS)
        plain = full_answers(loaded, [probe.prompt for probe in probes], MAX_NEW_TOKENS)
        for probe, own, found in zip(probes, plain, reading.answers, strict=True):
            same = own.response_ids == probe.response_ids
            text = loaded.token_texts(own.response_ids).response
            assert found == (None if same else text)
            changed += not same
    assert 0 < changed < 11 * len(probes)


def test_a_reading_has_one_answer_per_probe():
    with pytest.raises(ShapeError, match="1 log-probabilities and 2 answers"):
        Reading(logps=(np.zeros(2, np.float32),), answers=(None, "x"))
