from dataclasses import replace
from itertools import islice

import pytest
import torch
from training.tiny import ARCHITECTURE, PAIRS, tiny_tokenizer

from itlim.errors import CancelledError, InputError
from itlim.training.checkpoint import weights_sha256
from itlim.training.pretrain import (
    Architecture,
    PretrainRecipe,
    build_model,
    packed_windows,
    pretrain,
)

RECIPE = PretrainRecipe(steps=12, batch_size=2, window=16, learning_rate=1e-2)


@pytest.fixture(scope="module")
def tokenizer():
    torch.set_num_threads(1)
    return tiny_tokenizer()


def texts_of_pass(number):
    """The texts of one pass: the pairs, rotated by the number of the pass."""
    texts = [f"{question} {answer}" for question, answer in PAIRS]
    return texts[number % 3 :] + texts[: number % 3]


def trained(tokenizer, recipe=RECIPE, **options):
    model = build_model(ARCHITECTURE, tokenizer, seed=recipe.seed)
    losses = pretrain(model, tokenizer, texts_of_pass, recipe, **options)
    return model, losses


def test_windows_contain_the_documents_of_all_passes_in_order(tokenizer):
    batches = [*islice(packed_windows(tokenizer, texts_of_pass, RECIPE), 40)]
    assert all(batch.shape == (2, 17) for batch in batches)
    stream = torch.cat([batch.flatten() for batch in batches]).tolist()
    expected = []
    for number in range(9):
        for text in texts_of_pass(number):
            expected += [tokenizer.bos_token_id, *tokenizer.encode(text, add_special_tokens=False)]
            expected.append(tokenizer.eos_token_id)
    assert len(stream) < len(expected)
    assert stream == expected[: len(stream)]


def test_equal_seeds_give_equal_bases_and_different_seeds_do_not(tokenizer):
    first = weights_sha256(trained(tokenizer)[0])
    assert first == weights_sha256(trained(tokenizer)[0])
    assert first != weights_sha256(trained(tokenizer, replace(RECIPE, seed=1))[0])


def test_the_loss_decreases_and_progress_counts_the_steps(tokenizer):
    seen = []
    many = replace(RECIPE, steps=60)
    _, losses = trained(tokenizer, many, progress=lambda *step: seen.append(step))
    assert losses[-1] < 0.8 * losses[0]
    assert [step[:2] for step in seen] == [(number, 60) for number in range(1, 61)]


def test_bfloat16_products_keep_the_weights_in_float32(tokenizer):
    model, _ = trained(tokenizer)
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    other, _ = trained(tokenizer, replace(RECIPE, autocast_bf16=False))
    assert weights_sha256(model) != weights_sha256(other)


def test_canceling_stops_before_a_step(tokenizer):
    with pytest.raises(CancelledError, match="after 0 of 12"):
        trained(tokenizer, cancelled=lambda: True)


def test_a_non_finite_loss_is_reported(tokenizer):
    with pytest.raises(InputError, match="too high"):
        trained(tokenizer, replace(RECIPE, steps=60, learning_rate=1e30))


def test_the_tokenizer_is_reproducible_and_has_start_end_and_padding_tokens(tokenizer):
    ids = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}
    assert len(ids) == 3
    assert tokenizer("Emma")["input_ids"][0] == tokenizer.bos_token_id
    assert tokenizer.bos_token_id not in tokenizer.encode("Emma", add_special_tokens=False)
    assert tokenizer.get_vocab() == tiny_tokenizer().get_vocab()
    assert len(tokenizer) == 320


def test_embeddings_are_tied_and_sizes_are_checked(tokenizer):
    model = build_model(ARCHITECTURE, tokenizer, seed=0)
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
    with pytest.raises(InputError, match="multiple"):
        Architecture(hidden_size=100, heads=3)
