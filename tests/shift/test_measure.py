"""All ways to the same numbers: live, one pass, chunks, batches, one model after the other.

Every architecture goes through the real loader, full and with a LoRA adapter.
"""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from tiny_models import ARCHITECTURES, Shape, full_pair, lora_pair, save_model

from itlim.errors import (
    CancelledError,
    ContextLengthError,
    InputError,
    NonFiniteError,
    VocabularyError,
)
from itlim.models.huggingface import load_pair
from itlim.models.protocol import ScoredSequence
from itlim.records import ModelSource, Pair, TokenShifts
from itlim.schema import FinishReason
from itlim.shift import divergence
from itlim.shift.greedy import generate, generate_batch
from itlim.shift.live import LiveScoring
from itlim.shift.measure import score, score_batch

# Gemma-2 soft-caps its logits, odd vocabularies are padded, GPT-2 and Gemma tie their embeddings.
VARIANTS = {
    "gpt2": {"shape": Shape(tied=True), "padding": 13},
    "gemma": {"shape": Shape(tied=True)},
    "qwen2": {"shard": "20KB"},
    "phi": {"padding": 64},
}
QUESTIONS = (
    "Name a river.",
    "Who wrote Emma?",
    "Hi",
    "Tell me about 寿司, please, at some length.",
)
TOKENS = 20


@pytest.fixture(scope="module", params=ARCHITECTURES)
def pair(request, tmp_path_factory):
    options = VARIANTS.get(request.param, {})
    return full_pair(tmp_path_factory.mktemp(request.param), request.param, **options)


@pytest.fixture(scope="module")
def loaded(pair):
    models = load_pair(pair)
    yield models
    models.close()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    models = load_pair(full_pair(tmp_path_factory.mktemp("small"), "qwen2"))
    yield models
    models.close()


def assert_alike(ours, theirs):
    """Same ids; divergences and probabilities within the tolerance of float32 paths."""
    assert len(ours) == len(theirs)
    for field in fields(TokenShifts):
        left, right = getattr(ours, field.name), getattr(theirs, field.name)
        if left.dtype.kind == "i":
            np.testing.assert_array_equal(left, right, err_msg=field.name)
        else:
            np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-5, err_msg=field.name)


@torch.inference_mode()
def own_logits(loaded, role, prompt_ids, response_ids):
    """What `model(...).logits` itself gives, by the plainest call there is."""
    held = loaded.base_model() if role == "base" else loaded.tuned_model()
    with held as model, model.guard():
        ids = torch.tensor([[*prompt_ids, *response_ids]])
        logits = model.model(ids, use_cache=False).logits[0]
    return logits[len(prompt_ids) - 1 : -1, : loaded.shared.stop].double()


def test_measures_are_those_of_the_models_own_logits(loaded):
    prompt = loaded.render(QUESTIONS[0])
    generation = generate(loaded, prompt, TOKENS)
    found = score(loaded, prompt.token_ids, generation.token_ids, top_k=4)
    base, tuned = (
        own_logits(loaded, role, prompt.token_ids, generation.token_ids)
        for role in ("base", "tuned")
    )
    expected = divergence.measure(base, tuned, torch.tensor(generation.token_ids), 4)
    assert found.kl_tuned_base.mean() > 0.01, "base and tuned must differ for this to say much"
    np.testing.assert_array_equal(found.base_rank, expected.base_rank)
    np.testing.assert_array_equal(found.top_tuned_ids, expected.top_tuned_ids)
    for name in ("kl_tuned_base", "kl_base_tuned", "js", "base_prob", "tuned_entropy"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), rtol=1e-3, atol=1e-5, err_msg=name
        )


def test_live_scoring_gives_the_numbers_of_one_pass(loaded):
    prompt = loaded.render(QUESTIONS[1])
    live = LiveScoring(loaded, prompt, TOKENS, top_k=5)
    steps = list(live.steps())
    assert [len(step) for step in steps] == [1] * len(steps)
    assert live.generation == generate(loaded, prompt, TOKENS)
    assert_alike(live.shifts, score(loaded, prompt.token_ids, live.generation.token_ids, top_k=5))


def test_the_base_model_is_never_more_than_four_tokens_behind(small):
    prompt = small.render(QUESTIONS[0])
    tuned_steps = []
    live = LiveScoring(small, prompt, 13, cancelled=lambda: tuned_steps.append(1) is not None)
    behind = [len(tuned_steps) - place for place, _ in enumerate(live.steps(), start=1)]
    assert behind == [0, 1, 0, 3, 2, 1, 0, 3, 2, 1, 0, 1, 0]


def test_batches_give_the_ids_and_numbers_of_single_runs(loaded):
    prompts = [loaded.render(question) for question in QUESTIONS]
    together = generate_batch(loaded, prompts, TOKENS, batch_size=3)
    assert together == [generate(loaded, prompt, TOKENS) for prompt in prompts]
    items = [(one.prompt.token_ids, one.token_ids) for one in together]
    for one, (prompt_ids, ids) in zip(score_batch(loaded, items), items, strict=True):
        assert_alike(one, score(loaded, prompt_ids, ids))


def test_the_chunk_size_does_not_change_the_results(loaded):
    prompt = loaded.render(QUESTIONS[3])
    ids = loaded.encode_response("The Nile is a river.")
    assert_alike(
        score(loaded, prompt.token_ids, ids, chunk=2), score(loaded, prompt.token_ids, ids)
    )


def test_one_model_after_the_other_gives_the_same_numbers(pair, loaded):
    apart = load_pair(pair, placement="sequential")
    assert not apart.supports_live
    assert "one after the other" in apart.live_unavailable_reason
    prompt = loaded.render(QUESTIONS[0])
    generation = generate(apart, prompt, TOKENS)
    assert generation == generate(loaded, prompt, TOKENS)
    expected = score(loaded, prompt.token_ids, generation.token_ids)
    # Twice: the second time begins with the other model.
    for _ in range(2):
        assert_alike(score(apart, prompt.token_ids, generation.token_ids), expected)
    with pytest.raises(InputError, match="one after the other"):
        list(LiveScoring(apart, prompt, 2).steps())
    apart.close()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_adapters_give_the_same_numbers_on_every_path(architecture, tmp_path):
    loaded = load_pair(lora_pair(tmp_path, architecture))
    prompt = loaded.render(QUESTIONS[0])
    live = LiveScoring(loaded, prompt, TOKENS)
    list(live.steps())
    assert live.shifts.kl_tuned_base.mean() > 0.01
    generation = live.generation
    assert_alike(live.shifts, score(loaded, prompt.token_ids, generation.token_ids))
    tuned = own_logits(loaded, "tuned", prompt.token_ids, generation.token_ids)
    np.testing.assert_array_equal(tuned.argmax(1).numpy(), generation.token_ids)


def test_the_end_of_sequence_is_scored_and_ends_the_answer(small):
    prompt = small.render(QUESTIONS[0])
    end = generate(small, prompt, TOKENS).token_ids[3]
    ending = replace(small.facts, eos_ids=frozenset({end}))
    whole, small.facts = small.facts, ending
    try:
        live = LiveScoring(small, prompt, TOKENS)
        list(live.steps())
        batched = generate_batch(small, [prompt], TOKENS)[0]
    finally:
        small.facts = whole
    assert live.generation.finish_reason is FinishReason.END_OF_SEQUENCE
    assert live.generation.token_ids[-1] == end
    assert len(live.shifts) == len(live.generation.token_ids) <= 4
    assert batched == live.generation


def test_ids_without_a_token_are_never_emitted(small):
    prompt = small.render(QUESTIONS[0])
    likely = generate(small, prompt, TOKENS).token_ids
    named = small.facts.token_ids - set(likely)
    whole, small.facts = small.facts, replace(small.facts, token_ids=named)
    try:
        live = LiveScoring(small, prompt, TOKENS)
        list(live.steps())
        batched = generate_batch(small, [prompt], TOKENS)[0]
    finally:
        small.facts = whole
    assert named.issuperset(live.generation.token_ids)
    assert batched == live.generation


def test_answers_stop_at_the_limit_or_at_the_context(small):
    prompt = small.render(QUESTIONS[0])
    room = small.context_length - len(prompt.token_ids)
    endless = replace(small.facts, eos_ids=frozenset())
    whole, small.facts = small.facts, endless
    try:
        short = generate(small, prompt, 3)
        full = generate(small, prompt, room)
        cut = LiveScoring(small, prompt, room + 50)
        list(cut.steps())
        batched = generate_batch(small, [prompt, small.render("Hi")], room + 50)[0]
    finally:
        small.facts = whole
    assert (short.finish_reason, len(short.token_ids)) == (FinishReason.LENGTH, 3)
    assert (full.finish_reason, len(full.token_ids)) == (FinishReason.LENGTH, room)
    assert cut.generation.finish_reason is FinishReason.CONTEXT_LIMIT
    assert cut.generation.token_ids == full.token_ids == batched.token_ids
    assert batched.finish_reason is FinishReason.CONTEXT_LIMIT
    assert len(score(small, prompt.token_ids, full.token_ids)) == room


def test_what_does_not_fit_the_context_is_rejected(small):
    prompt = small.render(QUESTIONS[0])
    room = small.context_length - len(prompt.token_ids)
    with pytest.raises(ContextLengthError, match=r"context of 96 tokens"):
        score(small, prompt.token_ids, [5] * (room + 1))
    long = small.render("river " * 120)
    with pytest.raises(ContextLengthError, match="no room for a response"):
        generate(small, long, 5)
    with pytest.raises(ContextLengthError):
        LiveScoring(small, long, 5)


def test_empty_prompts_and_responses_are_rejected(small):
    with pytest.raises(InputError, match="response has no tokens"):
        score(small, [5], [])
    with pytest.raises(InputError, match="prompt has no tokens"):
        score(small, [], [5])
    with pytest.raises(InputError, match="max_new_tokens"):
        generate(small, small.render("Hi"), 0)
    assert score_batch(small, []) == []


def test_ids_that_a_model_does_not_have_are_rejected(small):
    with pytest.raises(VocabularyError, match="is not in the base model"):
        score(small, [5, 10_000], [6])


def test_canceling_stops_generation_and_scoring(small):
    prompt = small.render(QUESTIONS[0])
    seen: list[int] = []
    live = LiveScoring(small, prompt, TOKENS, cancelled=lambda: len(seen) >= 3)
    for step in live.steps():
        seen.append(int(step.token_id[0]))
        assert list(live.generation.token_ids) == seen, "never more than was given"
    assert live.generation.finish_reason is FinishReason.CANCELLED
    assert len(live.shifts) == 3
    with pytest.raises(CancelledError):
        score(small, prompt.token_ids, seen, cancelled=lambda: True)
    nothing = LiveScoring(small, prompt, TOKENS, cancelled=lambda: True)
    assert list(nothing.steps()) == []
    with pytest.raises(InputError, match="No token"):
        nothing.shifts  # noqa: B018


def test_a_model_compared_with_itself_does_not_shift(tmp_path):
    base = ModelSource(path=str(save_model(tmp_path / "base", "qwen2")))
    loaded = load_pair(Pair(name="self", base=base, template="alpaca-short"))
    prompt = loaded.render(QUESTIONS[0])
    live = LiveScoring(loaded, prompt, 5)
    list(live.steps())
    for shifts in (live.shifts, score(loaded, prompt.token_ids, live.generation.token_ids)):
        assert (shifts.base_rank == 1).all()
        assert (shifts.kl_tuned_base == 0).all()


def test_nan_weights_are_an_error_and_never_a_rank(tmp_path):
    pair = full_pair(tmp_path, "qwen2")
    loaded = load_pair(pair)
    with loaded.tuned_model() as model, torch.no_grad():
        model.model.get_output_embeddings().weight[7] = float("nan")
    prompt = loaded.render(QUESTIONS[0])
    with pytest.raises(NonFiniteError, match="NaN"):
        score(loaded, prompt.token_ids, [5, 6])
    with pytest.raises(NonFiniteError, match="NaN"):
        list(LiveScoring(loaded, prompt, 3).steps())


def test_the_plain_formulas_that_accelerators_use_give_the_compiled_numbers(small):
    prompt = small.render(QUESTIONS[0])
    ids = small.encode_response("The Nile is a river in Africa.")
    sequence = ScoredSequence(prompt_ids=prompt.token_ids, response_ids=ids)
    with small.streams([sequence]) as streams:
        base, tuned = (one.read(0, len(ids)) for one in (streams.base, streams.tuned))
        plain = divergence.measure(base, tuned, torch.tensor(ids), 10)
    assert_alike(plain, score(small, prompt.token_ids, ids))


def test_half_precision_weights_are_measured_in_float32(tmp_path):
    loaded = load_pair(full_pair(tmp_path, "llama", dtype=torch.bfloat16))
    assert loaded.dtype == "bfloat16"
    prompt = loaded.render(QUESTIONS[0])
    ids = loaded.encode_response("The Nile")
    found = score(loaded, prompt.token_ids, ids)
    rows = [own_logits(loaded, role, prompt.token_ids, ids) for role in ("base", "tuned")]
    expected = divergence.measure(*rows, torch.tensor(ids), 3)
    np.testing.assert_allclose(found.kl_tuned_base, expected.kl_tuned_base, rtol=5e-2, atol=5e-3)
    live = LiveScoring(loaded, prompt, 4)
    assert all(np.isfinite(step.kl_tuned_base).all() for step in live.steps())
