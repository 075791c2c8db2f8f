"""GGUF files are models like any other: the right numbers, or a sentence that says what to do."""

import sys

import numpy as np
import pytest
import torch
from gguf_files import save_gguf
from models.exactness import LARGEST, pair_of
from tiny_models import save_adapter, save_model
from transformers import AutoModelForCausalLM

from itlim.errors import ModelLoadError
from itlim.models.gguf import quantization, shown_quantization
from itlim.models.huggingface import load_pair
from itlim.records import ModelSource
from itlim.shift.measure import score

RESPONSE = " The Nile is a river."


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    return {
        "base": save_model(folder / "base", "qwen2"),
        "tuned": save_model(folder / "tuned", "qwen2", shift=0.05),
    }


@pytest.fixture(scope="module")
def files(checkpoints, tmp_path_factory):
    """Both checkpoints as GGUF files, by model and quantization."""
    folder = tmp_path_factory.mktemp("gguf")
    return {
        (name, kind): save_gguf(folder / f"{name}-{kind}.gguf", checkpoint, kind)
        for name, checkpoint in checkpoints.items()
        for kind in ("F32", "Q8_0", "Q4_0")
    }


def scored(pair):
    loaded = load_pair(pair)
    prompt = loaded.render("Name a river.").token_ids
    response = loaded.tokenizer(RESPONSE, add_special_tokens=False)["input_ids"]
    return score(loaded, prompt, response), prompt, response


def assert_same_numbers(found, expected):
    assert found.token_id.tolist() == expected.token_id.tolist()
    np.testing.assert_allclose(found.emitted_prob, expected.emitted_prob, atol=LARGEST)
    np.testing.assert_allclose(found.emitted_tuned_prob, expected.emitted_tuned_prob, atol=LARGEST)
    np.testing.assert_allclose(found.top_base_probs, expected.top_base_probs, atol=LARGEST)


def test_an_unquantized_file_gives_the_numbers_of_the_checkpoint_it_was_made_from(
    files, checkpoints
):
    found, *_ = scored(pair_of(files["base", "F32"], tuned=files["tuned", "F32"]))
    expected, *_ = scored(pair_of(checkpoints["base"], tuned=checkpoints["tuned"]))
    assert_same_numbers(found, expected)


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0"])
def test_a_quantized_file_gives_the_numbers_of_plain_transformers(files, kind):
    found, prompt, response = scored(pair_of(files["base", kind], tuned=files["tuned", kind]))
    ids = torch.tensor([[*prompt, *response]])
    for name, emitted in (("base", found.emitted_prob), ("tuned", found.emitted_tuned_prob)):
        path = files[name, kind]
        plain = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name)
        with torch.inference_mode():
            probs = plain(ids).logits[0, len(prompt) - 1 : -1].double().softmax(1).numpy()
        np.testing.assert_allclose(emitted, probs[np.arange(len(response)), response], atol=LARGEST)


def test_a_folder_with_one_file_is_that_file(files, checkpoints, tmp_path):
    alone = save_gguf(tmp_path / "base" / "model.gguf", checkpoints["base"])
    found, *_ = scored(pair_of(alone.parent, tuned=checkpoints["tuned"]))
    expected, *_ = scored(pair_of(files["base", "F32"], tuned=checkpoints["tuned"]))
    assert_same_numbers(found, expected)


def test_an_adapter_works_on_a_gguf_base(files, checkpoints, tmp_path):
    adapter = save_adapter(tmp_path / "adapter", checkpoints["base"])
    found, *_ = scored(pair_of(files["base", "F32"], adapter=adapter))
    expected, *_ = scored(pair_of(checkpoints["base"], adapter=adapter))
    assert_same_numbers(found, expected)


def test_safetensors_weights_are_preferred_to_a_gguf_file_next_to_them(tmp_path):
    folder = save_model(tmp_path / "base", "qwen2")
    save_gguf(folder / "other.gguf", save_model(tmp_path / "other", "qwen2", seed=5))
    assert shown_quantization(ModelSource(path=str(folder))) is None
    found, *_ = scored(pair_of(folder))
    expected, *_ = scored(pair_of(save_model(tmp_path / "alone", "qwen2")))
    assert_same_numbers(found, expected)


@pytest.mark.parametrize("kind", ["F32", "Q8_0", "Q4_0"])
def test_the_quantization_is_that_of_the_file(files, kind):
    assert quantization(files["base", kind]) == kind
    assert shown_quantization(ModelSource(path=str(files["base", kind]))) == kind


def test_a_file_that_does_not_state_its_quantization_has_that_of_most_weights(
    checkpoints, tmp_path
):
    path = save_gguf(tmp_path / "x.gguf", checkpoints["base"], "Q8_0", states_type=False)
    assert quantization(path) == "Q8_0"


def expect_error(path, match):
    with pytest.raises(ModelLoadError, match=match) as caught:
        load_pair(pair_of(path))
    assert len(str(caught.value).splitlines()) == 1


def test_without_the_package_the_message_says_how_to_get_it(files, monkeypatch):
    monkeypatch.setitem(sys.modules, "gguf", None)
    expect_error(files["base", "F32"], r'pip install "itlim\[gguf\]"')
    assert shown_quantization(ModelSource(path=str(files["base", "F32"]))) is None


def test_several_files_in_a_folder_are_named(files, tmp_path):
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).write_bytes(files["base", "Q4_0"].read_bytes())
    expect_error(tmp_path, r"several GGUF files \(a.gguf, b.gguf\)")


@pytest.mark.parametrize("given", ["folder", "file"])
def test_a_split_model_is_rejected_with_the_tool_that_joins_it(files, tmp_path, given):
    part = tmp_path / "model-00001-of-00002.gguf"
    part.write_bytes(files["base", "Q4_0"].read_bytes())
    expect_error(tmp_path if given == "folder" else part, "llama-gguf-split --merge")


def test_a_missing_file_is_named(tmp_path):
    expect_error(tmp_path / "nowhere.gguf", "There is no file .*nowhere.gguf")


def test_a_file_of_another_format_is_named(tmp_path):
    (tmp_path / "x.gguf").write_bytes(b"PK\x03\x04 something else")
    expect_error(tmp_path / "x.gguf", "not a GGUF file: it starts with b'PK")


def test_a_git_lfs_pointer_is_named(tmp_path):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 93000000\n"
    (tmp_path / "x.gguf").write_text(pointer)
    expect_error(tmp_path / "x.gguf", "git lfs pull")


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_called_damaged(files, tmp_path, share):
    content = files["base", "Q8_0"].read_bytes()
    (tmp_path / "x.gguf").write_bytes(content[: int(len(content) * share)])
    expect_error(tmp_path / "x.gguf", "damaged")
