"""The probe selects a method that streams exactly the logits of the model."""

import pytest
import torch
from tiny_models import ARCHITECTURES, Shape, build
from transformers import CohereConfig, CohereForCausalLM, GraniteConfig, GraniteForCausalLM

from itlim.errors import ShapeError
from itlim.models import language_model
from itlim.models.heads import LinearHead, OwnHead, choose_head
from itlim.models.language_model import CausalModel
from itlim.models.protocol import ScoredSequence
from itlim.models.streamed_logits import RerunStream

IDS = 300


def scaled_models():
    """Models with logit scales far from 1, as in Cohere and Granite."""
    common = {
        "vocab_size": IDS,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "pad_token_id": None,
    }
    torch.manual_seed(0)
    return {
        "cohere": CohereForCausalLM(CohereConfig(**common, logit_scale=0.0625)).eval(),
        "granite": GraniteForCausalLM(GraniteConfig(**common, logits_scaling=8.0)).eval(),
    }


def model_named(name):
    if name in ARCHITECTURES:
        return build(name, IDS, Shape(), seed=1, eos_id=0)
    return scaled_models()[name]


def sequences():
    generator = torch.Generator().manual_seed(3)
    lengths = [(7, 12), (3, 2), (11, 30)]
    return [
        ScoredSequence(
            prompt_ids=tuple(torch.randint(0, IDS, (prompt,), generator=generator).tolist()),
            response_ids=tuple(torch.randint(0, IDS, (response,), generator=generator).tolist()),
        )
        for prompt, response in lengths
    ]


@torch.inference_mode()
def whole_logits(model, items):
    rows = []
    for one in items:
        logits = model(torch.tensor([[*one.prompt_ids, *one.response_ids]])).logits[0]
        rows.append(logits[len(one.prompt_ids) - 1 : -1])
    return torch.cat(rows)


def causal(model):
    from threading import Lock

    return CausalModel(model, context_length=96, lock=Lock())


@pytest.mark.parametrize("name", [*ARCHITECTURES, "cohere", "granite"])
@pytest.mark.parametrize("rerun", [False, True])
def test_streamed_logits_equal_those_of_the_model(name, rerun, monkeypatch):
    model = model_named(name)
    if rerun:
        monkeypatch.setattr(language_model, "choose_head", lambda _model: None)
    wrapped = causal(model)
    items = sequences()
    stream = wrapped.stream(items)
    expected = whole_logits(model, items)
    assert stream.row_count == len(expected) == 44
    found = [stream.read(start, min(44, start + 5)).clone() for start in range(0, 44, 5)]
    torch.testing.assert_close(torch.cat(found), expected, rtol=1e-4, atol=2e-5)
    narrow = wrapped.stream(items, logit_count=100).read(10, 13)
    torch.testing.assert_close(narrow, expected[10:13, :100], rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["gemma2", "cohere", "granite"])
def test_models_with_capped_or_scaled_logits_use_their_own_head(name):
    assert isinstance(choose_head(model_named(name)), OwnHead)


def test_a_soft_cap_far_above_the_logits_of_the_probe_is_detected():
    """Random initial logits are small; a cap of 30 changes them by less than rounding error."""
    model = model_named("gemma2")
    model.config.final_logit_softcapping = 30.0
    with torch.no_grad():
        model.get_output_embeddings().weight.mul_(1e-3)
    ids = torch.tensor([[1, 2, 3]])
    with torch.inference_mode():
        logits = model(ids).logits
        plain = model.get_output_embeddings()(model.base_model(ids).last_hidden_state)
    assert (logits - plain).abs().max() / plain.abs().max() < 1e-5, "the cap must be invisible here"
    assert isinstance(choose_head(model), OwnHead)


@pytest.mark.parametrize("name", ["llama", "phi", "gpt2"])
def test_plain_heads_use_the_fast_method(name):
    assert isinstance(choose_head(model_named(name)), LinearHead)


def test_a_model_whose_head_cannot_be_replayed_uses_the_slow_method():
    model = model_named("llama")
    plain_forward = model.forward

    def changed_forward(*args, **options):
        output = plain_forward(*args, **options)
        # An operation after the head that depends on more than the hidden states.
        output.logits = output.logits + (options["input_ids"][0, 1] if options else 0)
        return output

    model.forward = changed_forward
    assert choose_head(model) is None
    stream = causal(model).stream([ScoredSequence(prompt_ids=(1,), response_ids=(2, 3))])
    assert isinstance(stream, RerunStream)


def test_the_backbone_is_restored_after_a_failure(monkeypatch):
    model = model_named("llama")
    backbone = model.model
    head = OwnHead(model)

    def fail(*_args, **_options):
        raise RuntimeError("inside the head")

    monkeypatch.setattr(model.lm_head, "forward", fail)
    with pytest.raises(RuntimeError, match="inside the head"):
        head.logits(torch.zeros(2, 32), torch.empty(2, IDS))
    assert model.model is backbone


@pytest.mark.parametrize("count", [511, 512, 513, 1024, 1025, 1537])
def test_tiles_cover_the_whole_vocabulary(count):
    linear = torch.nn.Linear(16, 1600, bias=True)
    hidden, out = torch.randn(5, 16), torch.full((5, count), float("nan"))
    with torch.inference_mode():
        LinearHead(linear).logits(hidden, out)
        torch.testing.assert_close(out, linear(hidden)[:, :count])


def test_rows_outside_the_stream_are_rejected():
    stream = causal(model_named("llama")).stream(sequences())
    for start, stop in [(0, 45), (5, 5), (-1, 3)]:
        with pytest.raises(ShapeError, match="the stream has 44 rows"):
            stream.read(start, stop)
