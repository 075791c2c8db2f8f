"""Splitting a batch by tokens changes what is in memory at once, not the gradient."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training.tiny import TEMPLATE, tiny_instances, tiny_model, tiny_tokenizer

from itlim.training.encoding import EncodedInstance, encode_instances
from itlim.training.gradient import accumulate_gradient, micro_batches, padded_tokens
from itlim.training.recipes import RECIPES, Recipe
from itlim.training.tune import tune, with_adapter

ROWS = Recipe(name="rows")


def by_tokens(limit, **changes):
    return Recipe(name="tokens", micro_batch_tokens=limit, **changes)


@pytest.fixture(scope="module")
def tokenizer():
    torch.set_num_threads(1)
    return tiny_tokenizer()


@pytest.fixture(scope="module")
def base(tokenizer):
    return tiny_model(tokenizer).double()


@pytest.fixture(scope="module")
def encoded(tokenizer, tmp_path_factory):
    table = tiny_instances(tmp_path_factory.mktemp("tiny"))
    return encode_instances(tokenizer, table, TEMPLATE, max_tokens=128)


def plain_gradients(model, encoded):
    """One unpadded forward pass per instance, without any code of itlim."""
    tokens = sum(len(one.response_ids) for one in encoded)
    for one in encoded:
        ids = torch.tensor([one.prompt_ids + one.response_ids])
        logps = model(input_ids=ids).logits[0].double().log_softmax(-1)
        for place in range(len(one.prompt_ids), len(one)):
            (-logps[place - 1, ids[0, place]] / tokens).backward(retain_graph=True)
    return {name: weight.grad for name, weight in model.named_parameters()}


def gradients(model, encoded, recipe, without=frozenset()):
    model = copy.deepcopy(model).train()
    loss = accumulate_gradient(model, encoded, recipe, without)
    found = {name: weight.grad for name, weight in model.named_parameters()}
    return {name: grad for name, grad in found.items() if grad is not None}, loss


def largest_difference(one, two):
    assert one.keys() == two.keys()
    return max(
        float((one[name] - two[name]).abs().max() / two[name].abs().max().clamp(min=1e-12))
        for name in one
    )


@pytest.mark.parametrize("limit", [1, 40, 90, 10_000])
def test_the_gradient_by_tokens_is_that_of_each_instance_alone(base, encoded, limit):
    expected = plain_gradients(copy.deepcopy(base), encoded)
    found, _ = gradients(base, encoded, by_tokens(limit))
    # The model's logits are compared in float32, as tuning computes them.
    assert largest_difference(found, expected) < 1e-6


def test_the_loss_and_the_share_of_an_omitted_instance_do_not_depend_on_the_split(base, encoded):
    without = frozenset({encoded[2].instance_id})
    expected, loss = gradients(base, encoded, ROWS, without)
    for limit in (1, 60):
        found, again = gradients(base, encoded, by_tokens(limit), without)
        assert again == pytest.approx(loss, rel=1e-6)
        assert largest_difference(found, expected) < 1e-6


@pytest.mark.parametrize("name", ["lft", "sft"])
def test_gradient_checkpointing_does_not_change_the_weights(tokenizer, encoded, name):
    model = tiny_model(tokenizer)
    recipe = replace(
        RECIPES[name], epochs=1, batch_size=4, learning_rate=1e-2, micro_batch_tokens=90
    )
    calls = []
    model.model.layers[0].input_layernorm.register_forward_hook(lambda *_: calls.append(1))
    plain = tune(copy.deepcopy(model), encoded, recipe)
    once = len(calls)
    again = tune(copy.deepcopy(model), encoded, replace(recipe, gradient_checkpointing=True))
    assert len(calls) - once == 2 * once > 0, "each part is computed twice"
    for one, two in zip(plain.parameters(), again.parameters(), strict=True):
        assert torch.allclose(one, two, atol=1e-6)


def test_bfloat16_products_keep_tuned_weights_in_float32_and_stay_near(tokenizer, encoded):
    model = tiny_model(tokenizer)
    found, loss = gradients(model, encoded, by_tokens(90, dtype="bfloat16"))
    expected, exact = gradients(model, encoded, by_tokens(90))
    assert all(grad.dtype == torch.float32 for grad in found.values())
    assert loss != exact
    assert loss == pytest.approx(exact, rel=2e-2)
    cosine = torch.nn.functional.cosine_similarity(
        torch.cat([found[name].flatten() for name in found]),
        torch.cat([expected[name].flatten() for name in found]),
        dim=0,
    )
    assert cosine > 0.99


def test_an_adapter_on_a_bfloat16_base_is_tuned_in_float32(tokenizer, encoded):
    model = tiny_model(tokenizer).to(torch.bfloat16)
    before = model.model.layers[0].mlp.up_proj.weight.clone()
    recipe = replace(RECIPES["lft"], epochs=1, batch_size=4, dtype="bfloat16", learning_rate=1e-2)
    adapted = tune(model, encoded, replace(recipe, micro_batch_tokens=90))
    tuned = [weight for weight in adapted.parameters() if weight.requires_grad]
    assert {weight.dtype for weight in tuned} == {torch.float32}
    assert any(weight.abs().max() > 0 for weight in tuned)
    assert torch.equal(
        adapted.get_base_model().model.layers[0].mlp.up_proj.base_layer.weight, before
    )


def test_an_adapter_gets_the_same_gradient(tokenizer, encoded):
    adapted = with_adapter(tiny_model(tokenizer).double(), RECIPES["lft"], seed=1).double()
    expected, _ = gradients(adapted, encoded, ROWS)
    found, _ = gradients(adapted, encoded, by_tokens(60))
    assert largest_difference(found, expected) < 1e-6


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(1, 120))
def test_every_instance_is_in_one_part_and_parts_keep_the_limit(lengths, limit):
    batch = [
        EncodedInstance(instance_id=f"d-{n}", prompt_ids=(), response_ids=(1,) * length)
        for n, length in enumerate(lengths)
    ]
    parts = micro_batches(batch, by_tokens(limit))
    ids = [one.instance_id for part in parts for one in part]
    assert sorted(ids) == sorted(one.instance_id for one in batch)
    assert all(len(part) == 1 or padded_tokens([part]) <= limit for part in parts)
    ordered = [len(one) for part in parts for one in part]
    assert ordered == sorted(lengths, reverse=True)


def test_grouping_by_length_pads_little(encoded):
    """Sixteen short and sixteen long instances: alternating rows would pad the short ones."""
    short, long = encoded[10], max(encoded, key=len)
    batch = [replace(one, instance_id=f"d-{n}") for n, one in enumerate([short, long] * 16)]
    tokens = sum(map(len, batch))
    limit = 4 * len(long)
    grouped = padded_tokens(micro_batches(batch, by_tokens(limit)))
    in_order = padded_tokens(micro_batches(batch, replace(ROWS, micro_batch_size=4)))
    assert tokens <= grouped < tokens + limit < in_order + limit
    assert grouped < in_order
    assert math.isclose(in_order, 32 * len(long))
