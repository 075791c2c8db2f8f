import pytest
from safetensors.torch import load_file
from tiny_models import ARCHITECTURES, Shape, build, full_pair, lora_pair
from torch import nn

from itlim.causality.influence.parameters import ParameterChoice, tuned_parameters
from itlim.errors import InputError, ModelLoadError
from itlim.models.huggingface import load_pair

LAST = {
    "llama": ("model.layers.1.", "model.norm.", "lm_head."),
    "mistral": ("model.layers.1.", "model.norm.", "lm_head."),
    "qwen2": ("model.layers.1.", "model.norm.", "lm_head."),
    "phi": ("model.layers.1.", "model.final_layernorm.", "lm_head."),
    "gpt2": ("transformer.h.1.", "transformer.ln_f.", "lm_head."),
    "gpt_neox": ("gpt_neox.layers.1.", "gpt_neox.final_layer_norm.", "embed_out.", "lm_head."),
    "gemma": ("model.layers.1.", "model.norm.", "lm_head."),
    "gemma2": ("model.layers.1.", "model.norm.", "lm_head."),
}


def names(model, chosen):
    known = {id(weight): name for name, weight in model.named_parameters()}
    return {known[id(weight)] for weight in chosen.weights}


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_last_layer_is_the_last_block_the_final_norm_and_an_untied_head(architecture, tied):
    model = build(architecture, 64, Shape(tied=tied), seed=0, eos_id=0)
    chosen = tuned_parameters(model, ParameterChoice.LAST_LAYER)
    wanted = {
        name
        for name, weight in model.named_parameters()
        if name.startswith(LAST[architecture]) and weight is not model.get_input_embeddings().weight
    }
    assert names(model, chosen) == wanted
    head = model.get_output_embeddings().weight
    assert any(head is weight for weight in chosen.weights) is not tied


def test_all_counts_tied_weights_once():
    model = build("llama", 64, Shape(tied=True), seed=0, eos_id=0)
    chosen = tuned_parameters(model, ParameterChoice.ALL)
    assert len({id(weight) for weight in chosen.weights}) == len(chosen.weights)
    assert chosen.count == model.num_parameters()


def test_auto_selects_all_of_a_small_model_and_the_last_layer_of_a_large_one():
    model = build("llama", 64, Shape(), seed=0, eos_id=0)
    assert tuned_parameters(model, ParameterChoice.AUTO).choice is ParameterChoice.ALL
    limit = model.num_parameters() - 1
    chosen = tuned_parameters(model, ParameterChoice.AUTO, max_for_all=limit)
    assert chosen.choice is ParameterChoice.LAST_LAYER


def test_an_adapters_weights_are_exactly_those_in_its_file(tmp_path):
    with load_pair(lora_pair(tmp_path)).tuned_model() as tuned:
        stored = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
        size = sum(tensor.numel() for tensor in stored.values())
        for choice in (ParameterChoice.AUTO, ParameterChoice.ADAPTER, ParameterChoice.ALL,
                       ParameterChoice.PROJECTION):  # fmt: skip
            chosen = tuned_parameters(tuned.model, choice)
            assert all("lora_" in name for name in names(tuned.model, chosen))
            assert chosen.count == size
        last = tuned_parameters(tuned.model, ParameterChoice.LAST_LAYER)
        assert all(".layers.1." in name for name in names(tuned.model, last))
        assert 0 < last.count < size


def test_a_full_model_has_no_adapter_weights(tmp_path):
    with (
        load_pair(full_pair(tmp_path)).tuned_model() as tuned,
        pytest.raises(InputError, match="full one: choose auto, all"),
    ):
        tuned_parameters(tuned.model, ParameterChoice.ADAPTER)


def test_a_model_whose_blocks_are_not_found_is_an_error():
    model = build("llama", 64, Shape(), seed=0, eos_id=0)
    model.model.layers = nn.Sequential(*model.model.layers)
    with pytest.raises(ModelLoadError, match="2 blocks of this LlamaForCausalLM were not found"):
        tuned_parameters(model, ParameterChoice.LAST_LAYER)
