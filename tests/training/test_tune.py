import copy
from dataclasses import replace

import pytest
import torch
from training.tiny import PAIRS, TEMPLATE, tiny_instances, tiny_model, tiny_tokenizer

from itlim.errors import CancelledError, InputError, NonFiniteError
from itlim.training.checkpoint import weights_sha256
from itlim.training.encoding import encode_instances
from itlim.training.gradient import response_loss
from itlim.training.recipes import RECIPES, Recipe
from itlim.training.tune import tune, with_adapter
from itlim.training.tuning_run import epoch_orders

FAST = {"epochs": 2, "batch_size": 4, "learning_rate": 1e-2}


@pytest.fixture(scope="module")
def tokenizer():
    torch.set_num_threads(1)
    return tiny_tokenizer()


@pytest.fixture(scope="module")
def base(tokenizer):
    return tiny_model(tokenizer)


@pytest.fixture(scope="module")
def encoded(tokenizer, tmp_path_factory):
    table = tiny_instances(tmp_path_factory.mktemp("tiny"))
    return encode_instances(tokenizer, table, TEMPLATE, max_tokens=128)


def recipe(name, **changes):
    return replace(RECIPES[name], **(FAST | changes))


def tuned_hash(base, encoded, recipe_, **options):
    return weights_sha256(tune(copy.deepcopy(base), encoded, recipe_, **options))


@pytest.mark.parametrize("name", ["lft", "sft", "neftune"])
def test_equal_seeds_give_equal_weights_and_different_seeds_do_not(base, encoded, name):
    first = tuned_hash(base, encoded, recipe(name), seed=3)
    assert first == tuned_hash(base, encoded, recipe(name), seed=3)
    assert first != tuned_hash(base, encoded, recipe(name), seed=4)


def test_tuning_does_not_change_the_global_random_state(base, encoded):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    tune(copy.deepcopy(base), encoded, recipe("lft"))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("name", ["lft", "sft", "neftune"])
def test_an_omitted_response_does_not_affect_the_weights(base, encoded, name):
    """Replacing the omitted response by another of the same length gives the same weights."""
    victim = encoded[1]
    scrambled = replace(victim, response_ids=tuple(reversed(victim.response_ids)))
    others = (encoded[0], scrambled, *encoded[2:])
    without = frozenset({victim.instance_id})
    left_out = tuned_hash(base, encoded, recipe(name), without=without)
    assert left_out == tuned_hash(base, others, recipe(name), without=without)
    assert left_out != tuned_hash(base, encoded, recipe(name))
    assert tuned_hash(base, others, recipe(name)) != tuned_hash(base, encoded, recipe(name))


def test_omitting_an_instance_removes_exactly_its_share_of_the_gradient(base, encoded):
    """Full gradient minus leave-out gradient = the instance's own, with the same normalizer."""
    step = recipe("sft", epochs=1, batch_size=len(encoded), learning_rate=1e-30)
    tokens = sum(len(instance.response_ids) for instance in encoded)
    gradients = {}

    def first_gradient(name, without):
        model = copy.deepcopy(base)
        caught = []
        weight = model.model.layers[0].mlp.up_proj.weight
        weight.register_hook(lambda gradient: caught.append(gradient.clone()))
        huge = replace(step, gradient_norm=1e9)
        tune(model, encoded, huge, without=without)
        gradients[name] = sum(caught)

    first_gradient("full", frozenset())
    first_gradient("without", frozenset({encoded[4].instance_id}))
    model = copy.deepcopy(base)
    ids = torch.tensor([encoded[4].prompt_ids + encoded[4].response_ids])
    labels = ids.clone()
    labels[:, : len(encoded[4].prompt_ids)] = -100
    (response_loss(model, ids, labels) / tokens).backward()
    own = model.model.layers[0].mlp.up_proj.weight.grad
    torch.testing.assert_close(gradients["full"] - gradients["without"], own, atol=1e-7, rtol=1e-4)
    assert own.abs().max() > 1e-5


@pytest.mark.parametrize("name", ["sft", "neftune"])
def test_omitting_an_instance_changes_neither_inputs_nor_noise(base, encoded, name):
    """The input of the first block in the first step, including noise, is bitwise the same."""
    entered = {}
    for without in (frozenset(), frozenset({encoded[2].instance_id})):
        model = copy.deepcopy(base)
        caught = entered.setdefault(without, [])
        model.model.layers[0].register_forward_pre_hook(
            lambda _layer, inputs, caught=caught: caught.append(inputs[0].detach().clone())
        )
        tune(model, encoded, recipe(name, batch_size=len(encoded)), without=without)
    full, left_out = entered.values()
    assert torch.equal(full[0], left_out[0])
    assert full[0].shape == left_out[1].shape


def test_smaller_micro_batches_give_the_same_step(base, encoded):
    """Accumulated over micro-batches with one normalizer, the gradient is that of the batch."""
    losses = {4: [], 1: []}
    for micro in losses:
        tune(
            copy.deepcopy(base),
            encoded,
            recipe("sft", micro_batch_size=micro),
            progress=lambda done, total, message, micro=micro: losses[micro].append(message),
        )
    assert losses[4] == losses[1]
    assert len(losses[4]) == 2 * 3


def test_the_order_depends_only_on_count_epochs_and_seed():
    assert epoch_orders(5, 2, 0) == epoch_orders(5, 2, 0)
    assert epoch_orders(5, 2, 0) != epoch_orders(5, 2, 1)
    assert all(sorted(order) == [0, 1, 2, 3, 4] for order in epoch_orders(5, 3, 9))


def test_the_loss_counts_response_tokens_only(base, encoded):
    instance = encoded[0]
    ids = torch.tensor([instance.prompt_ids + instance.response_ids])
    labels = ids.clone()
    labels[:, : len(instance.prompt_ids)] = -100
    expected = 0.0
    with torch.no_grad():
        log_probs = base(input_ids=ids).logits[0].double().log_softmax(-1)
        for position in range(len(instance.prompt_ids), ids.shape[1]):
            expected -= log_probs[position - 1, ids[0, position]].item()
        assert response_loss(base, ids, labels).item() == pytest.approx(expected, rel=1e-5)


def test_the_adapter_has_rank_eight_on_every_linear_layer_and_no_initial_effect(base, encoded):
    wrapped = with_adapter(copy.deepcopy(base), RECIPES["lft"], seed=0)
    trained = {name: weight for name, weight in wrapped.named_parameters() if weight.requires_grad}
    layers = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    assert len(trained) == 2 * 2 * len(layers)  # A and B, two blocks
    for name, weight in trained.items():
        assert any(layer in name for layer in layers)
        assert (weight.shape[0] if "lora_A" in name else weight.shape[1]) == 8
    ids = torch.tensor([encoded[0].prompt_ids])
    with torch.no_grad():
        assert torch.equal(wrapped(input_ids=ids).logits, base(input_ids=ids).logits)


def test_lora_keeps_the_base_weights_and_full_tuning_changes_them(base, encoded):
    adapted = tune(copy.deepcopy(base), encoded, recipe("lft"))
    assert weights_sha256(adapted.unload()) == weights_sha256(base)
    assert weights_sha256(tune(copy.deepcopy(base), encoded, recipe("sft"))) != weights_sha256(base)


def test_tuning_reduces_the_loss(base, encoded):
    losses = []
    many = recipe("sft", epochs=30)
    tune(copy.deepcopy(base), encoded, many, progress=lambda *step: losses.append(step))
    first, last = (float(step[2].removeprefix("loss ")) for step in (losses[0], losses[-1]))
    assert last < 0.6 * first
    assert [step[:2] for step in losses] == [(n + 1, 90) for n in range(90)]


def test_an_unknown_id_in_without_is_rejected(base, encoded):
    with pytest.raises(InputError, match="tiny-99"):
        tune(copy.deepcopy(base), encoded, recipe("sft"), without=frozenset({"tiny-99"}))


def test_canceling_stops_between_steps(base, encoded):
    seen = []
    with pytest.raises(CancelledError, match="after 2 of 6"):
        tune(
            copy.deepcopy(base),
            encoded,
            recipe("sft"),
            progress=lambda *step: seen.append(step),
            cancelled=lambda: len(seen) == 2,
        )


def test_a_non_finite_loss_stops_the_run(base, encoded):
    broken = copy.deepcopy(base)
    with torch.no_grad():
        broken.model.norm.weight.fill_(float("nan"))
    with pytest.raises(NonFiniteError, match="learning rate"):
        tune(broken, encoded, recipe("sft"))


@pytest.mark.parametrize(
    "changes", [{"learning_rate": 0.0}, {"batch_size": 0}, {"epochs": -1}, {"adapter_rank": 0}]
)
def test_a_recipe_rejects_invalid_numbers(changes):
    with pytest.raises(InputError):
        Recipe(name="odd", **changes)


def test_every_pair_becomes_one_instance(encoded):
    assert [instance.instance_id for instance in encoded] == [
        f"tiny-{number}" for number in range(1, len(PAIRS) + 1)
    ]
