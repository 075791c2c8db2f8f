import copy

import pytest
import torch
from tiny_models import full_pair, lora_pair
from torch.func import functional_call, grad

from itlim.causality.influence.gradients import (
    SKETCH_SIZE,
    GradientReader,
    Target,
    add_sketch,
    instance_target,
    span_target,
)
from itlim.causality.influence.parameters import ParameterChoice, tuned_parameters
from itlim.errors import ContextLengthError, InputError, NonFiniteError
from itlim.models.huggingface import load_pair
from itlim.training.encoding import EncodedInstance, response_batch
from itlim.training.gradient import response_loss

INSTANCES = [
    EncodedInstance(instance_id="a", prompt_ids=(5, 9, 40, 7), response_ids=(8, 60, 3, 2)),
    EncodedInstance(instance_id="b", prompt_ids=(11, 12), response_ids=(90, 91, 92, 93, 94, 2)),
    EncodedInstance(instance_id="c", prompt_ids=(31,), response_ids=(2,)),
]


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    torch.set_num_threads(1)
    return load_pair(full_pair(tmp_path_factory.mktemp("full")))


def reader_of(loaded, choice=ParameterChoice.ALL):
    with loaded.tuned_model() as tuned:
        return GradientReader(tuned, tuned_parameters(tuned.model, choice))


def exact_gradient(model, weights, target):
    """Oracle: torch.func over a functional call in float64, with an explicit loss."""
    model = copy.deepcopy(model).double()
    ids = torch.tensor([target.input_ids])
    values = dict(model.named_parameters())
    wanted = {name: values[name].detach() for name in weights}

    def loss(some):
        logits = functional_call(model, some, (ids,), {"use_cache": False}).logits[0]
        logps = logits.log_softmax(-1)
        return -sum(logps[place - 1, ids[0, place]] for place in target.places)

    found = grad(loss)(wanted)
    return torch.cat([found[name].flatten() for name in weights])


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "gpt_neox", "gemma2"])
def test_gradients_equal_those_of_torch_func(tmp_path, architecture):
    loaded = load_pair(full_pair(tmp_path, architecture))
    target = Target(input_ids=(5, 9, 40, 7, 8, 60, 3), places=(4, 6))
    with loaded.tuned_model() as tuned:
        names = [name for name, _ in tuned.model.named_parameters()]
        expected = exact_gradient(tuned.model, names, target)
    found = reader_of(loaded).gradient(target)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=1e-3, atol=1e-4)


def test_an_adapters_gradient_covers_only_its_own_matrices(tmp_path):
    loaded = load_pair(lora_pair(tmp_path))
    target = instance_target(INSTANCES[0])
    with loaded.tuned_model() as tuned:
        names = [name for name, _ in tuned.model.named_parameters() if "lora_" in name]
        expected = exact_gradient(tuned.model, names, target)
    found = reader_of(loaded, ParameterChoice.AUTO).gradient(target)
    torch.testing.assert_close(found.double(), expected, rtol=1e-3, atol=1e-4)


def test_an_instances_gradient_is_its_share_of_a_padded_batch(full):
    reader = reader_of(full)
    single = sum(reader.gradient(instance_target(one)).double() for one in INSTANCES)
    with full.tuned_model() as tuned:
        model = copy.deepcopy(tuned.model).requires_grad_(requires_grad=True)
    response_loss(model, *response_batch(INSTANCES, pad_id=0)).backward()
    batch = torch.cat([weight.grad.flatten() for weight in model.parameters()])
    torch.testing.assert_close(single, batch.double(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("choice", ["all", "last-layer", "projection"])
def test_reading_a_gradient_does_not_change_the_model(full, choice):
    reader = reader_of(full, ParameterChoice(choice))
    with full.tuned_model() as tuned:
        before = [weight.clone() for weight in tuned.model.parameters()]
        reader.gradient(instance_target(INSTANCES[0]))
        for weight, old in zip(tuned.model.parameters(), before, strict=True):
            assert torch.equal(weight, old)
            assert weight.grad is None
            assert not weight.requires_grad
            assert not weight._post_accumulate_grad_hooks


def test_tokens_after_the_scored_ones_change_nothing(full):
    reader = reader_of(full)
    short = Target(input_ids=(5, 9, 40, 7), places=(2, 3))
    long = Target(input_ids=(5, 9, 40, 7, 8, 60), places=(2, 3))
    torch.testing.assert_close(reader.gradient(short), reader.gradient(long), rtol=1e-4, atol=1e-6)


def test_gradients_can_be_read_in_inference_mode(full):
    reader = reader_of(full)
    expected = reader.gradient(instance_target(INSTANCES[1]))
    with torch.inference_mode():
        found = reader.gradient(instance_target(INSTANCES[1]))
    assert torch.equal(found, expected)


def test_a_weight_that_is_not_finite_is_an_error(tmp_path):
    loaded = load_pair(full_pair(tmp_path))
    with loaded.tuned_model() as tuned, torch.no_grad():
        next(tuned.model.parameters())[5] = float("nan")
    with pytest.raises(NonFiniteError, match="not finite"):
        reader_of(loaded).gradient(instance_target(INSTANCES[0]))


def test_a_span_includes_the_tokens_that_overlap_it(full):
    prompt = full.render("Who wrote Emma?")
    response = "Emma was written by Jane Austen in 1815."
    ids = full.encode_response(response)
    start = response.index("Austen")
    target = span_target(full, prompt.token_ids, ids, start, start + len("Austen"))
    texts = full.token_texts(ids)
    scored = [place - len(prompt.token_ids) for place in target.places]
    covered = "".join(texts.texts[place] for place in scored)
    assert "Austen" in covered
    assert "Jane" not in covered
    assert "1815" not in covered
    assert target.input_ids == prompt.token_ids + ids[: scored[-1] + 1]


@pytest.mark.parametrize("span", [(3, 3), (-1, 4), (0, 400), (5, 2)])
def test_a_span_outside_the_response_is_rejected(full, span):
    with pytest.raises(InputError, match="outside the response of 4 characters"):
        span_target(full, (5, 6), full.encode_response("Emma"), *span)


def test_a_response_longer_than_the_context_is_rejected(full):
    ids = full.encode_response("Emma " * 200)
    with pytest.raises(ContextLengthError):
        span_target(full, (5, 6), ids, 900, 910)


@pytest.mark.parametrize("places", [(), (0, 1), (3,)])
def test_a_target_scores_only_tokens_with_a_context(places):
    with pytest.raises(InputError, match="expected at least one position, none of them the first"):
        Target(input_ids=(1, 2, 3), places=places)


def sketched(values, number=0, **options):
    total = torch.zeros(SKETCH_SIZE, dtype=torch.float64)
    add_sketch(total, values, number, **options)
    return total


def test_a_sketch_preserves_inner_products():
    generator = torch.Generator().manual_seed(1)
    left, noise = torch.randn(2, 200_000, generator=generator)
    right = 0.3 * left + noise
    exact = float(left.double() @ right.double())
    spread = float(left.norm() * right.norm()) / SKETCH_SIZE**0.5
    found = [
        float(sketched(left, one, chunk=1000) @ sketched(right, one, chunk=1000))
        for one in range(12)
    ]
    errors = torch.tensor(found) - exact
    assert errors.abs().max() < 5 * spread
    assert abs(float(errors.mean())) < 4 * spread / len(found) ** 0.5


def test_a_sketch_of_a_sum_is_the_sum_of_sketches():
    left, right = torch.randn(2, 5000, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(
        sketched(left) + sketched(right), sketched(left + right), atol=1e-5, rtol=0
    )
