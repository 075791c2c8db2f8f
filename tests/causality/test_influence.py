import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import full_pair, lora_pair

from itlim.causality.influence.gradient_products import dot_products, influences, row_norms
from itlim.causality.influence.gradients import Target, instance_target
from itlim.causality.influence.parameters import ParameterChoice
from itlim.errors import CancelledError, InputError
from itlim.models.huggingface import load_pair
from itlim.training.encoding import EncodedInstance

SPANS = [
    Target(input_ids=(5, 9, 40, 7, 8, 60, 3), places=(4, 5)),
    Target(input_ids=(90, 91, 92, 93), places=(3,)),
]


def instance(name, *ids, prompt=2):
    return EncodedInstance(instance_id=name, prompt_ids=ids[:prompt], response_ids=ids[prompt:])


INSTANCES = [
    instance("a", 5, 9, 40, 7, 8, 2),
    instance("b", 11, 12, 90, 91, 92, 93, 94, 2, prompt=3),
    instance("c", 31, 60, 2),
    instance("d", 44, 45, 46, 47, 2),
]


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    torch.set_num_threads(1)
    return load_pair(full_pair(tmp_path_factory.mktemp("full")))


def log_probability(model, target):
    ids = torch.tensor([target.input_ids])
    with torch.no_grad():
        logps = model(input_ids=ids).logits[0].log_softmax(-1)
    return float(sum(logps[place - 1, ids[0, place]] for place in target.places))


def test_a_small_step_on_an_instance_changes_the_log_probability_by_step_times_dot(tmp_path):
    """Oracle: move the weights themselves, in float64, and compare log-probabilities.

    Uses GPT-2, because Llama's norm and rotation always round to float32.
    """
    full = load_pair(full_pair(tmp_path, "gpt2"))
    found = influences(full, SPANS, INSTANCES)
    step = 1e-5
    with full.tuned_model() as tuned:
        exact = copy.deepcopy(tuned.model).double().requires_grad_(requires_grad=True)
    for column, one in enumerate(INSTANCES):
        exact.zero_grad()
        target = instance_target(one)
        logits = exact(input_ids=torch.tensor([target.input_ids])).logits[0].log_softmax(-1)
        loss = -sum(logits[place - 1, target.input_ids[place]] for place in target.places)
        loss.backward()
        moved = {}
        for sign in (-1, 1):
            model = copy.deepcopy(exact)
            with torch.no_grad():
                for weight, source in zip(model.parameters(), exact.parameters(), strict=True):
                    weight -= sign * step * source.grad
            moved[sign] = [log_probability(model, span) for span in SPANS]
        rise = (np.array(moved[1]) - np.array(moved[-1])) / (2 * step)
        # Within float32's rounding of the two gradients.
        lengths = np.abs(found.dots[:, column] / found.cosines[:, column])
        assert (np.abs(found.dots[:, column] - rise) < 1e-4 * lengths).all()


IDS = st.lists(st.integers(3, 200), min_size=2, max_size=6)


@settings(max_examples=15)
@given(IDS, st.lists(IDS, min_size=1, max_size=3))
def test_cosines_lie_between_minus_one_and_one_and_agree_with_the_dots(full, span, others):
    target = Target(input_ids=tuple(span), places=tuple(range(1, len(span))))
    instances = [instance(str(n), *ids, prompt=1) for n, ids in enumerate([span, *others])]
    found = influences(full, [target], instances)
    assert (np.abs(found.cosines) <= 1.0).all()
    assert found.cosines[0, 0] == pytest.approx(1.0, abs=1e-6), "the very same tokens"
    assert (np.sign(found.cosines) == np.sign(found.dots)).all()


def test_order_and_blocks_of_instances_do_not_matter(full):
    together = influences(full, SPANS, INSTANCES)
    backwards = influences(full, SPANS, INSTANCES[::-1])
    np.testing.assert_allclose(together.dots, backwards.dots[:, ::-1], rtol=1e-9)
    one_by_one = influences(full, SPANS, INSTANCES, block_bytes=1, max_widened=500)
    np.testing.assert_allclose(together.dots, one_by_one.dots, rtol=1e-9)
    alone = influences(full, SPANS[1:], INSTANCES[2:3])
    np.testing.assert_allclose(alone.cosines, together.cosines[1:, 2:3], rtol=1e-9)


def test_an_adapters_influence_ignores_the_weights_of_the_base(tmp_path):
    loaded = load_pair(lora_pair(tmp_path))
    found = {
        choice: influences(loaded, SPANS, INSTANCES, parameters=ParameterChoice(choice))
        for choice in ("auto", "adapter", "all")
    }
    assert found["auto"].parameters is ParameterChoice.ADAPTER
    with loaded.tuned_model() as tuned:
        size = sum(w.numel() for name, w in tuned.model.named_parameters() if "lora_" in name)
    assert {one.n_parameters for one in found.values()} == {size}
    assert np.array_equal(found["adapter"].dots, found["all"].dots)


def test_a_projection_gives_nearly_the_same_cosines(full):
    exact = influences(full, SPANS, INSTANCES, parameters=ParameterChoice.ALL)
    rough = influences(full, SPANS, INSTANCES, parameters=ParameterChoice.PROJECTION)
    np.testing.assert_allclose(rough.cosines, exact.cosines, atol=0.03)
    assert rough.n_parameters == exact.n_parameters


def test_progress_counts_every_gradient_and_reports_the_remaining_time(full):
    said = []
    influences(full, SPANS, INSTANCES, progress=lambda *one: said.append(one))
    assert [(done, total) for done, total, _ in said] == [(n, 6) for n in range(1, 7)]
    assert said[-1][2] == "about 0.0 s left"


def test_canceling_stops_before_the_next_gradient(full):
    done = []
    with pytest.raises(CancelledError, match="Canceled after 3 of 6 gradients"):
        influences(
            full,
            SPANS,
            INSTANCES,
            progress=lambda *one: done.append(one),
            cancelled=lambda: len(done) == 3,
        )
    with full.tuned_model() as tuned:
        assert not any(weight.requires_grad for weight in tuned.model.parameters())


def test_nothing_to_compare_is_an_error(full):
    with pytest.raises(InputError, match="1 span and 0 instances"):
        influences(full, SPANS[:1], [])


def test_products_match_hand_worked_ones():
    left = torch.tensor([[1.0, 2.0, 2.0], [0.0, 3.0, 4.0]])
    right = torch.tensor([[2.0, 0.0, -1.0]])
    assert dot_products(left, right).tolist() == [[0.0], [-4.0]]
    assert row_norms(left).tolist() == [3.0, 5.0]
