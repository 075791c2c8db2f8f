"""An adapter pair shares one set of weights; properties of a loaded pair."""

from dataclasses import replace
from threading import Thread

import numpy as np
import pytest
import torch
from peft.tuners.lora import Linear
from tiny_models import (
    CONTEXT,
    Shape,
    byte_level_tokenizer,
    full_pair,
    lora_pair,
    save_adapter,
    save_model,
)
from transformers import AutoModelForCausalLM

from itlim.errors import InputError, VocabularyError
from itlim.models.adapter_switch import AdapterSwitch, base_only, untouched
from itlim.models.adapters import load_adapter
from itlim.models.huggingface import load_pair
from itlim.models.loading import load_model, read_checkpoint
from itlim.records import ModelSource, Pair
from itlim.shift.greedy import generate
from itlim.shift.live import LiveScoring
from itlim.shift.measure import score


def storages(*models):
    """Bytes of distinct tensor storages: the memory that the weights actually use."""
    found = {}
    for model in models:
        for tensor in [*model.model.parameters(), *model.model.buffers()]:
            storage = tensor.untyped_storage()
            found[storage.data_ptr()] = storage.nbytes()
    return sum(found.values())


def both(loaded):
    with loaded.base_model() as base, loaded.tuned_model() as tuned:
        return base, tuned


def test_an_adapter_adds_only_its_own_bytes(tmp_path):
    pair = lora_pair(tmp_path, "llama")
    alone = both(load_pair(replace(pair, adapter=None)))
    adapted = both(load_pair(pair))
    adapter_bytes = sum(
        parameter.numel() * parameter.element_size()
        for name, parameter in adapted[1].model.named_parameters()
        if "lora_" in name
    )
    assert adapter_bytes > 0
    assert storages(*adapted) == storages(alone[0]) + adapter_bytes
    full = both(load_pair(full_pair(tmp_path / "full", "llama")))
    assert storages(*full) == 2 * storages(alone[0])


@torch.inference_mode()
@pytest.mark.parametrize("modules_to_save", [None, ["lm_head"]])
def test_with_the_adapter_off_the_outputs_are_those_of_the_base(tmp_path, modules_to_save):
    base = save_model(tmp_path / "base", "llama")
    adapter = save_adapter(tmp_path / "adapter", base, modules_to_save=modules_to_save)
    if modules_to_save:
        _disturb_saved_modules(adapter)
    loaded = load_pair(
        Pair(
            name="lora",
            base=ModelSource(path=str(base)),
            adapter=ModelSource(path=str(adapter)),
            template="plain",
        )
    )
    ids = torch.tensor([[5, 9, 20, 31]])
    plain = AutoModelForCausalLM.from_pretrained(base)(ids).logits
    base_model, tuned_model = both(loaded)
    with base_model.guard():
        assert torch.equal(base_model.model(ids).logits, plain)
    with tuned_model.guard():
        tuned = tuned_model.model(ids).logits
    assert not torch.allclose(tuned, plain, atol=1e-3)
    shifts = score(loaded, [5, 9, 20], [31])
    expected = plain[0, 2].double().log_softmax(-1)
    assert shifts.emitted_prob[0] == pytest.approx(expected[31].exp().item(), rel=1e-4)
    expected = tuned[0, 2].double().log_softmax(-1)
    assert shifts.emitted_tuned_prob[0] == pytest.approx(expected[31].exp().item(), rel=1e-4)


def _disturb_saved_modules(adapter):
    from safetensors.torch import load_file, save_file

    weights = load_file(adapter / "adapter_model.safetensors")
    changed = [name for name in weights if "lm_head" in name]
    assert changed
    for name in changed:
        weights[name] = weights[name] + 0.1 * torch.randn_like(weights[name])
    save_file(weights, adapter / "adapter_model.safetensors", metadata={"format": "pt"})


class LayerWithoutFlag(Linear):
    """An adapter layer that stores elsewhere whether it is disabled."""

    is_off = False

    @property
    def disable_adapters(self):
        return self.is_off

    def enable_adapters(self, enabled):
        self.is_off = not enabled


def test_adapters_are_switched_by_their_flag_if_the_logits_are_the_same(tmp_path):
    pair = lora_pair(tmp_path, "llama")
    base = load_model(read_checkpoint(pair.base))
    before = untouched(base, "The base")
    adapted = load_adapter(base, pair.adapter).model
    assert isinstance(base_only(adapted, before).__self__, AdapterSwitch)
    for layer in adapted.modules():
        if isinstance(layer, Linear):
            layer.__class__ = LayerWithoutFlag
    # For adapter layers that do not read the flag, PEFT's own, slower switch is used.
    assert base_only(adapted, before).__self__ is adapted


def with_added_tokens(*names):
    tokenizer = byte_level_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": list(names)})
    return tokenizer


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A base with padded rows and a tuned model with two added tokens, one of them its EOS."""
    folder = tmp_path_factory.mktemp("extended")
    tokenizer = with_added_tokens("<|user|>", "<|end|>")
    tokenizer.eos_token = "<|end|>"
    base = save_model(folder / "base", "llama", tokenizer=byte_level_tokenizer(), padding=7)
    tuned = save_model(folder / "tuned", "llama", tokenizer=tokenizer, seed=0, shift=0.0)
    return Pair(
        name="extended",
        base=ModelSource(path=str(base)),
        tuned=ModelSource(path=str(tuned)),
        template="alpaca-short",
    )


def test_added_tokens_and_padding_are_excluded_from_the_comparison(extended):
    loaded = load_pair(extended)
    assert loaded.shared.stop == len(byte_level_tokenizer())
    assert loaded.shared.holes == ()
    prompt = loaded.render("Name a river.")
    shifts = score(loaded, prompt.token_ids, [50, 60], top_k=5)
    with loaded.base_model() as model, model.guard(), torch.inference_mode():
        ids = torch.tensor([[*prompt.token_ids, 50]])
        logits = model.model(ids).logits[0, -2:, : loaded.shared.stop].double()
    expected = logits.log_softmax(-1)[[0, 1], [50, 60]].exp().numpy()
    np.testing.assert_allclose(shifts.emitted_prob, expected, rtol=1e-4)
    assert shifts.top_base_ids.max() < loaded.shared.stop


def test_an_emitted_eos_that_only_the_tuned_model_has_ranks_last(extended):
    loaded = load_pair(extended)
    end = loaded.tokenizer.convert_tokens_to_ids("<|end|>")
    assert end in loaded.eos_ids
    assert end not in loaded.shared
    prompt = loaded.render("Name a river.")
    shifts = score(loaded, prompt.token_ids, [50, end])
    assert shifts.emitted_rank[1] == loaded.shared.count + 1
    assert shifts.emitted_prob[1] == shifts.emitted_tuned_prob[1] == 0.0
    assert loaded.token_texts([50, end]).texts[1] == ""


def test_a_prompt_with_a_token_that_the_base_lacks_is_rejected(extended, tmp_path):
    base = save_model(tmp_path / "base", "llama", tokenizer=byte_level_tokenizer())
    loaded = load_pair(replace(extended, base=ModelSource(path=str(base))))
    added = loaded.tokenizer.convert_tokens_to_ids("<|user|>")
    with pytest.raises(VocabularyError, match="not in the base model"):
        score(loaded, [5, added], [6])


def test_padded_rows_are_never_emitted(tmp_path):
    """The padded rows, which have no text, are made the most likely ones."""
    pair = full_pair(tmp_path, "qwen2", padding=30)
    loaded = load_pair(pair)
    _, tuned = both(loaded)
    with torch.no_grad():
        head = tuned.model.get_output_embeddings().weight
        head[-30:] = 40 * head[:30]
    prompt = loaded.render("Name a river.")
    ids = generate(loaded, prompt, 12).token_ids
    assert max(ids) < len(loaded.tokenizer)
    live = LiveScoring(loaded, prompt, 12)
    list(live.steps())
    assert live.generation.token_ids == ids
    assert (live.shifts.tuned_argmax_id == ids).all()


def test_a_renamed_special_token_is_masked_when_scoring_and_when_live(tmp_path):
    first, second = with_added_tokens("<a>", "<b>"), with_added_tokens("<a>", "<c>")
    # The renamed id must be inside the shared range, so a shared token follows it.
    for tokenizer in (first, second):
        tokenizer.add_special_tokens({"additional_special_tokens": ["<z>"]}, False)
    base = save_model(tmp_path / "base", "llama", tokenizer=first)
    tuned = save_model(tmp_path / "tuned", "llama", tokenizer=second, shift=0.05)
    pair = Pair(
        name="renamed",
        base=ModelSource(path=str(base)),
        tuned=ModelSource(path=str(tuned)),
        template="plain",
    )
    loaded = load_pair(pair)
    hole = first.convert_tokens_to_ids("<b>")
    assert loaded.shared.holes == (hole,)
    prompt = loaded.render("Name a river.")
    live = LiveScoring(loaded, prompt, 8)
    list(live.steps())
    passed = score(loaded, prompt.token_ids, live.generation.token_ids, top_k=400)
    assert passed.top_base_ids.shape[1] == loaded.shared.count
    assert hole not in passed.top_base_ids
    assert passed.top_base_probs.sum(1) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(live.shifts.kl_tuned_base, passed.kl_tuned_base, rtol=1e-3)


def test_properties_of_a_pair_match_its_files(tmp_path):
    loaded = load_pair(full_pair(tmp_path, "llama"))
    assert loaded.context_length == CONTEXT
    assert loaded.dtype == "float32"
    assert loaded.supports_live
    assert loaded.live_unavailable_reason == ""
    assert loaded.eos_ids == {loaded.tokenizer.eos_token_id}
    assert loaded.shared.count == len(loaded.tokenizer)


def test_a_mixed_pair_reports_the_shorter_context_and_both_dtypes(tmp_path):
    base = save_model(tmp_path / "base", "llama", dtype=torch.bfloat16)
    tuned = save_model(tmp_path / "tuned", "llama", shape=Shape(context=64), shift=0.05)
    pair = Pair(
        name="mixed",
        base=ModelSource(path=str(base)),
        tuned=ModelSource(path=str(tuned)),
        template="alpaca-short",
    )
    loaded = load_pair(pair)
    assert loaded.context_length == 64
    assert loaded.dtype == "bfloat16/float32"
    assert len(score(loaded, loaded.render("Hi").token_ids, [5, 6])) == 2


def test_a_pasted_response_is_encoded_after_the_response_prefix(tmp_path):
    pair = replace(full_pair(tmp_path, "llama"), template="plain")
    loaded = load_pair(pair)
    ids = loaded.encode_response("The Nile")
    assert ids == tuple(loaded.tokenizer.encode("The Nile", add_special_tokens=False))
    assert loaded.token_texts(ids).response == "The Nile"
    assert loaded.render("Hi").text == "Question: Hi\nAnswer:"


def test_concurrent_threads_do_not_interfere_through_the_adapter_switch(tmp_path):
    loaded = load_pair(lora_pair(tmp_path, "llama"))
    prompt = loaded.render("Name a river.")
    expected = LiveScoring(loaded, prompt, 16)
    list(expected.steps())
    found = [LiveScoring(loaded, prompt, 16) for _ in range(4)]
    threads = [Thread(target=lambda live=live: list(live.steps())) for live in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for live in found:
        assert live.generation == expected.generation
        np.testing.assert_array_equal(live.shifts.base_rank, expected.shifts.base_rank)
        np.testing.assert_allclose(live.shifts.kl_tuned_base, expected.shifts.kl_tuned_base)


def test_using_a_closed_pair_is_an_error(tmp_path):
    loaded = load_pair(full_pair(tmp_path, "qwen2"))
    loaded.close()
    with pytest.raises(InputError, match="is closed"):
        score(loaded, [5], [6])
