import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from training.tiny import TEMPLATE, tiny_instances, tiny_model, tiny_tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

from itlim.errors import InputError, ModelLoadError
from itlim.training.recipes import RECIPES, recipe_named
from itlim.training.train import train


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("base")
    tokenizer = tiny_tokenizer()
    tiny_model(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def table(tmp_path):
    return tiny_instances(tmp_path)


def test_the_command_reports_rows_left_out_and_keeps_the_report(itlim, base_folder, tmp_path):
    rows = [
        {"instruction": "Name a river.", "response": "The Nile.", "rejected": "The Ob."},
        {"instruction": "Name a lake.", "response": None, "rejected": "Garda."},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, _, err = itlim(
        "train", "--recipe", "sft", "--base", base_folder, "--dataset", path, "--epochs", 1,
        "--template", TEMPLATE, "--out", tmp_path / "out", "--device", "cpu",
    )  # fmt: skip
    assert code == 0, err
    for line in (
        "1 of 2 rows used, 1 left out: 1 instance.",
        "Left out: the key 'response' is missing (once; line 2).",
        "Columns not used: 'rejected' (2 rows).",
    ):
        assert f"{path}: {line}" in err.splitlines()
    reading = json.loads((tmp_path / "out" / "training.json").read_text())["reading"]
    assert (reading["n_rows_used"], reading["n_left_out"]) == (1, 1)
    assert reading["unused"][0]["column"] == "rejected"


def recipe(name):
    return replace(RECIPES[name], epochs=1, batch_size=4, learning_rate=1e-2)


def test_a_full_checkpoint_is_loadable_and_its_files_are_reproducible(base_folder, table, tmp_path):
    results = [
        train(
            recipe("sft"), str(base_folder), table, TEMPLATE, tmp_path / name, save_dtype="float16"
        )
        for name in ("one", "two")
    ]
    assert results[0].weights_sha256 == results[1].weights_sha256
    one, two = (tmp_path / name / "model.safetensors" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "one")
    assert model.dtype == torch.float16
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "one")
    text = "Wer schrieb Emma? 日本 🙂"
    ids = tokenizer(text)["input_ids"]
    assert ids[0] == tokenizer.bos_token_id
    assert tokenizer.decode(ids[1:]) == text
    assert tokenizer.eos_token_id not in ids


def test_an_adapter_is_saved_as_a_peft_folder_that_changes_the_logits(base_folder, table, tmp_path):
    from peft import PeftModel

    out = tmp_path / "lft"
    train(recipe("lft"), str(base_folder), table, TEMPLATE, out, named_base="../base")
    config = json.loads((out / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "../base"
    assert config["target_modules"] == sorted(config["target_modules"])
    assert config["r"] == 8
    weights = load_file(out / "adapter_model.safetensors")
    assert any(weight.abs().max() > 0 for name, weight in weights.items() if "lora_B" in name)

    base = AutoModelForCausalLM.from_pretrained(base_folder)
    ids = torch.tensor([[0, 5, 9, 30]])
    with torch.no_grad():
        plain = base(input_ids=ids).logits.clone()
        adapted = PeftModel.from_pretrained(base, out)(input_ids=ids).logits
    assert not torch.allclose(plain, adapted)


def test_the_training_note_names_recipe_data_and_hashes(base_folder, table, tmp_path):
    out = tmp_path / "tuned"
    result = train(
        recipe("sft"), str(base_folder), table, TEMPLATE, out, without=frozenset({"tiny-2"}), seed=7
    )
    note = json.loads((out / "training.json").read_text())
    assert note["recipe"]["name"] == "sft"
    assert (note["seed"], note["without"], note["dataset"]) == (7, ["tiny-2"], ["tiny"])
    assert note["weights_sha256"] == result.weights_sha256
    assert len(note["base_weights_sha256"]) == len(note["dataset_sha256"]) == 64
    assert (note["steps"], note["instances"]) == (3, 11) == (result.steps, result.instances)
    assert note["versions"]["torch"] == torch.__version__
    assert note["cpu_seconds"] > 0


def test_a_folder_without_a_model_is_rejected(table, tmp_path):
    with pytest.raises(ModelLoadError, match=r"not a model folder: it has no config\.json"):
        train(recipe("sft"), str(tmp_path), table, TEMPLATE, tmp_path / "out")


def test_a_recipe_is_looked_up_by_name_and_its_learning_rate_can_be_replaced():
    assert recipe_named("lft").adapter_rank == 8
    assert recipe_named("sft").adapter_rank is None
    assert recipe_named("neftune").noise_alpha == 5.0
    assert recipe_named("sft").learning_rate == 5e-5
    assert recipe_named("sft", learning_rate=1e-3).learning_rate == 1e-3
    with pytest.raises(InputError, match="lft, sft, neftune"):
        recipe_named("dpo")
