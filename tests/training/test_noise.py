import copy
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from training.tiny import tiny_model, tiny_tokenizer
from transformers.integrations.neftune import activate_neftune, deactivate_neftune

from itlim.errors import InputError
from itlim.training.noise import noise_bound, noisy_embeddings
from itlim.training.recipes import RECIPES, Recipe
from itlim.training.tune import with_adapter


def test_the_bound_is_alpha_over_the_root_of_length_times_width():
    """By hand: 5 / sqrt(10 * 40) = 5 / 20."""
    assert noise_bound(5.0, 10, 40) == 0.25
    assert noise_bound(15.0, 9, 100) == 0.5


@given(alpha=st.floats(0.1, 100), tokens=st.integers(1, 4096), width=st.integers(1, 8192))
def test_the_expected_squared_norm_of_a_sequence_is_alpha_squared_over_three(alpha, tokens, width):
    """Uniform noise in [-b, b] has the variance b^2 / 3, whatever the shape."""
    bound = noise_bound(alpha, tokens, width)
    assert tokens * width * bound**2 / 3 == pytest.approx(alpha**2 / 3)


@pytest.fixture(scope="module")
def model():
    return tiny_model(tiny_tokenizer())


def embedded(model, ids, alpha, seed=0):
    with noisy_embeddings(model, alpha, torch.Generator().manual_seed(seed)), torch.no_grad():
        return model.get_input_embeddings()(ids)


def test_the_noise_fills_its_bound_evenly(model):
    ids = torch.arange(120).view(4, 30)
    noise = embedded(model, ids, 5.0) - model.get_input_embeddings()(ids)
    bound = 5.0 / math.sqrt(30 * 32)
    assert noise.abs().max() <= bound * 1.0001
    assert noise.abs().max() > 0.98 * bound
    assert abs(noise.mean()) < 0.05 * bound
    assert noise.var().item() == pytest.approx(bound**2 / 3, rel=0.05)


def test_the_noise_depends_on_shape_and_generator_not_on_the_ids(model):
    one, other = torch.arange(12).view(2, 6), torch.arange(100, 112).view(2, 6)
    clean = model.get_input_embeddings()
    first = embedded(model, one, 5.0) - clean(one)
    second = embedded(model, other, 5.0) - clean(other)
    torch.testing.assert_close(first, second, atol=1e-6, rtol=0)
    assert not torch.allclose(embedded(model, one, 5.0, seed=1), embedded(model, one, 5.0))


@pytest.mark.parametrize("alpha", [0.1, 5.0, 15.0])
@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (4, 30)])
def test_the_noise_is_bit_for_bit_that_of_transformers_own_option(model, alpha, shape):
    ids = torch.arange(math.prod(shape)).view(shape)
    with torch.random.fork_rng(), torch.no_grad():
        handle = activate_neftune(model.train(), alpha)
        torch.manual_seed(3)
        theirs = [model(input_ids=ids).logits for _ in range(2)]
        deactivate_neftune(model, handle)
    generator = torch.Generator().manual_seed(3)
    with noisy_embeddings(model, alpha, generator), torch.no_grad():
        ours = [model(input_ids=ids).logits for _ in range(2)]
    assert all(map(torch.equal, ours, theirs))
    assert not torch.equal(*ours)


def test_the_noise_reaches_the_base_of_an_adapter(model):
    adapted = with_adapter(copy.deepcopy(model), RECIPES["lft"], 0)
    ids = torch.arange(12).view(2, 6)
    assert torch.equal(embedded(adapted, ids, 5.0), embedded(model, ids, 5.0))


@pytest.mark.parametrize("alpha", [0.0, -1.0, math.inf, math.nan])
def test_an_alpha_that_is_no_positive_number_is_rejected(alpha):
    with pytest.raises(InputError, match="expected more than 0, such as 5"):
        Recipe(name="x", noise_alpha=alpha)


def test_outside_the_block_and_without_alpha_nothing_is_added(model):
    ids = torch.arange(12).view(2, 6)
    clean = model.get_input_embeddings()(ids)
    assert torch.equal(embedded(model, ids, None), clean)
    embedded(model, ids, 5.0)
    assert torch.equal(model.get_input_embeddings()(ids), clean)
