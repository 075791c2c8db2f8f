"""Faults of a path, checkpoint or adapter are reported before any number is computed."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import Shape, byte_level_tokenizer, full_pair, lora_pair, save_adapter, save_model

from itlim.errors import ModelLoadError, OutOfMemoryError, VocabularyError
from itlim.models import loading, placement
from itlim.models.huggingface import load_pair
from itlim.models.load_errors import memory_errors
from itlim.models.model_files import check_model_folder
from itlim.models.sources import is_local, resolve_dtype
from itlim.records import ModelSource, Pair


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("base"), "qwen2")


@pytest.fixture(scope="module")
def adapter(base, tmp_path_factory):
    return save_adapter(tmp_path_factory.mktemp("adapter"), base)


def pair_of(base, **others):
    sources = {role: ModelSource(path=str(path)) for role, path in others.items()}
    return Pair(name="pair", base=ModelSource(path=str(base)), template="plain", **sources)


def expect_error(pair, match, error=ModelLoadError):
    with pytest.raises(error, match=match) as caught:
        load_pair(pair)
    return str(caught.value)


def test_a_missing_folder_is_named(tmp_path):
    expect_error(pair_of(tmp_path / "nowhere"), "There is no folder .*nowhere")


def test_a_folder_without_a_model_says_what_is_missing(tmp_path):
    expect_error(pair_of(tmp_path), "no config.json")


def test_swapping_model_and_adapter_reports_where_each_belongs(base, adapter):
    expect_error(pair_of(adapter), "It contains an adapter")
    expect_error(pair_of(base, adapter=base), "It contains a full model")


def test_an_adapter_of_another_base_is_rejected(adapter, tmp_path):
    wider = save_model(tmp_path / "wide", "qwen2", shape=Shape(hidden=64))
    message = expect_error(pair_of(wider, adapter=adapter), "adapter")
    assert "Is it an adapter of" in message
    other = save_model(tmp_path / "other", "gpt2")
    expect_error(pair_of(other, adapter=adapter), "Is it an adapter of")


def test_an_adapter_for_more_layers_than_the_base_has_is_rejected(adapter, tmp_path):
    shallow = save_model(tmp_path / "shallow", "qwen2", shape=Shape(layers=1))
    expect_error(pair_of(shallow, adapter=adapter), "adapter")


def test_an_adapter_for_fewer_layers_than_the_base_has_is_rejected(base, tmp_path):
    adapter = save_adapter(tmp_path / "adapter", base, targets=["q_proj", "v_proj"])
    deep = save_model(tmp_path / "deep", "qwen2", shape=Shape(layers=3))
    expect_error(pair_of(deep, adapter=adapter), "lacks 4 tensor.*layers.2")


def test_an_adapter_that_would_overwrite_its_base_is_rejected(base, adapter, tmp_path):
    folder = tmp_path / "whole-layers"
    shutil.copytree(adapter, folder)
    weights = load_file(folder / "adapter_model.safetensors")
    embedding = load_file(base / "model.safetensors")["model.embed_tokens.weight"]
    weights["base_model.model.model.embed_tokens.weight"] = embedding + 1
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    expect_error(pair_of(base, adapter=folder), "merge it into its base")


def test_a_checkpoint_with_missing_weights_is_rejected(base, tmp_path):
    shutil.copytree(base, tmp_path / "holes")
    weights = load_file(tmp_path / "holes" / "model.safetensors")
    weights.pop("model.layers.1.mlp.up_proj.weight")
    save_file(weights, tmp_path / "holes" / "model.safetensors", metadata={"format": "pt"})
    expect_error(pair_of(tmp_path / "holes"), "lacks 1 weight tensor.*layers.1.mlp.up_proj")


def test_a_broken_weight_file_is_rejected(base, tmp_path):
    shutil.copytree(base, tmp_path / "broken")
    (tmp_path / "broken" / "model.safetensors").write_bytes(b"no weights at all")
    expect_error(pair_of(tmp_path / "broken"), "model.safetensors is not a safetensors file")


def test_an_unknown_architecture_is_rejected(base, tmp_path):
    shutil.copytree(base, tmp_path / "odd")
    config = json.loads((base / "config.json").read_text())
    (tmp_path / "odd" / "config.json").write_text(json.dumps(config | {"model_type": "odd"}))
    expect_error(pair_of(tmp_path / "odd"), "cannot be loaded")


def test_a_model_without_its_tokenizer_is_rejected(base, tmp_path):
    shutil.copytree(base, tmp_path / "mute")
    (tmp_path / "mute" / "tokenizer.json").unlink()
    expect_error(pair_of(tmp_path / "mute"), "has no tokenizer")


def test_pickled_weights_load_only_if_allowed(base, tmp_path, caplog):
    folder = tmp_path / "pickled"
    shutil.copytree(base, folder)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    expect_error(pair_of(folder), "allow_pickle")
    trusted = ModelSource(path=str(folder), allow_pickle=True)
    load_pair(Pair(name="trusted", base=trusted, template="plain"))
    assert "can run code" in caplog.text


def test_code_in_a_model_folder_is_not_executed(base, tmp_path):
    folder = tmp_path / "code"
    shutil.copytree(base, folder)
    config = json.loads((base / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.M"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    expect_error(pair_of(folder), "cannot be loaded")
    assert not (tmp_path / "ran").exists()


def test_an_unreachable_hub_is_reported(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    expect_error(pair_of("some-owner/some-model"), "from the hub.*Check the id")


def test_prompt_tuning_adapters_are_rejected(base, tmp_path):
    from peft import PromptTuningConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)
    model = AutoModelForCausalLM.from_pretrained(base)
    get_peft_model(model, config).save_pretrained(tmp_path / "virtual")
    expect_error(pair_of(base, adapter=tmp_path / "virtual"), "virtual tokens")


def test_models_with_different_vocabularies_are_rejected(base, tmp_path):
    other = save_model(tmp_path / "other", "qwen2", tokenizer=byte_level_tokenizer(330))
    expect_error(pair_of(base, tuned=other), "vocabularies differ", VocabularyError)


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_running_out_of_memory_reports_what_to_do(base, monkeypatch, error):
    def full(_checkpoint):
        with memory_errors("loading"):
            raise error

    monkeypatch.setattr(placement, "load_model", full)
    expect_error(pair_of(base), "smaller dtype", OutOfMemoryError)


def test_other_runtime_errors_are_not_reported_as_memory_errors():
    with pytest.raises(RuntimeError, match="shapes"), memory_errors("loading"):
        raise RuntimeError("shapes do not match")


def test_an_unavailable_device_is_rejected(base):
    if torch.cuda.is_available():
        pytest.skip("this machine has cuda")
    pair = pair_of(base)
    expect_error(replace(pair, base=replace(pair.base, device="cuda")), "which torch does not find")


def test_auto_widens_float16_on_a_cpu_and_keeps_bfloat16():
    source = ModelSource(path="x")
    assert resolve_dtype(source, torch.float16, "cpu") is torch.float32
    assert resolve_dtype(source, torch.float16, "cuda") is torch.float16
    assert resolve_dtype(source, torch.bfloat16, "cpu") is torch.bfloat16
    assert resolve_dtype(source, None, "cpu") is torch.float32
    assert resolve_dtype(replace(source, dtype="float16"), None, "cpu") is torch.float16


def test_float16_files_are_loaded_as_float32_on_a_cpu(tmp_path):
    half = save_model(tmp_path / "half", "qwen2", dtype=torch.float16)
    loaded = load_pair(pair_of(half))
    assert loaded.dtype == "float32"
    with loaded.tuned_model() as model:
        assert {parameter.dtype for parameter in model.model.parameters()} == {torch.float32}


def test_paths_and_hub_ids_are_distinguished(tmp_path):
    local = {str(tmp_path): True, "./x": True, "~/x": True, "a/b/c": True, "owner/name": False}
    for path, expected in local.items():
        assert is_local(ModelSource(path=path)) is expected
    check_model_folder(ModelSource(path="owner/name"))


def test_sharded_and_single_file_checkpoints_are_the_same_model(tmp_path):
    whole = save_model(tmp_path / "whole", "llama")
    parts = save_model(tmp_path / "parts", "llama", shard="20KB")
    assert len(list(parts.glob("*.safetensors"))) > 3
    loaded = load_pair(pair_of(whole, tuned=parts))
    with loaded.base_model() as one, loaded.tuned_model() as two:
        for name, weight in one.model.state_dict().items():
            assert torch.equal(weight, two.model.state_dict()[name]), name


def test_loading_prints_nothing(base, capfd):
    load_pair(pair_of(base))
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_progress_increases_from_zero_to_one(base, adapter):
    seen = []
    load_pair(
        pair_of(base, adapter=adapter),
        progress=lambda fraction, what: seen.append((fraction, what)),
    )
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert any("adapter" in what for _, what in seen)


def test_auto_is_sequential_if_both_models_do_not_fit(tmp_path, monkeypatch):
    pair = full_pair(tmp_path, "qwen2")
    assert load_pair(pair).supports_live
    size = loading.read_checkpoint(pair.base).weight_bytes()
    monkeypatch.setattr(placement, "free_memory", lambda _device: int(1.5 * size))
    assert not load_pair(pair).supports_live
    assert load_pair(pair, placement="together").supports_live


@pytest.mark.parametrize("tied", [False, True])
def test_the_size_of_the_weights_is_known_before_they_are_loaded(tmp_path, tied):
    folder = save_model(tmp_path, "llama", shape=Shape(tied=tied), dtype=torch.float16)
    checkpoint = loading.read_checkpoint(ModelSource(path=str(folder)))
    model = loading.load_model(checkpoint)
    assert checkpoint.weight_bytes() == sum(
        parameter.numel() * parameter.element_size() for parameter in model.parameters()
    )


def test_an_adapter_pair_is_never_sequential(tmp_path, monkeypatch):
    monkeypatch.setattr(placement, "free_memory", lambda _device: 1)
    assert load_pair(lora_pair(tmp_path, "qwen2"), placement="sequential").supports_live
