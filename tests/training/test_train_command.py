"""The options of `itlim train`: length, rank, precision and memory."""

import json

import pytest
import torch
from causality.studies import save_base
from safetensors.torch import load_file
from training.tiny import TEMPLATE, tiny_instances

from itlim.cli.train import announcement
from itlim.models.loading import load_tokenizer
from itlim.records import ModelSource
from itlim.training.encoding import EncodedInstance, FittedInstances, encode_instances
from itlim.training.recipes import RECIPES
from itlim.training.tuning_plan import TuningPlan


@pytest.fixture
def base(tmp_path):
    torch.set_num_threads(1)
    return save_base(tmp_path / "base").base.path


@pytest.fixture
def tune(itlim, base, tmp_path):
    tiny_instances(tmp_path)

    def run(*options, recipe="sft", out="out"):
        code, _, err = itlim(
            "train", "--recipe", recipe, "--base", base, "--dataset", tmp_path / "tiny.jsonl",
            "--template", TEMPLATE, "--epochs", 1, "--batch-size", 4, "--device", "cpu",
            "--out", tmp_path / out, *options,
        )  # fmt: skip
        path = tmp_path / out / "training.json"
        return code, err, json.loads(path.read_text()) if path.exists() else None

    return run


def lengths(base, tmp_path):
    tokenizer = load_tokenizer(ModelSource(path=base))
    table = tiny_instances(tmp_path)
    found = encode_instances(tokenizer, table, TEMPLATE, max_tokens=10_000)
    return {one.instance_id: len(one) for one in found}


def test_longer_instances_are_left_out_counted_and_noted(tune, base, tmp_path):
    found = lengths(base, tmp_path)
    limit = sorted(found.values())[5]
    longer = [name for name, length in found.items() if length > limit]
    code, err, note = tune("--max-tokens", limit)
    assert code == 0, err
    assert f"{len(longer)} of 11 instances left out (more than {limit} tokens): " in err
    assert note["too_long"] == {"omitted": longer, "truncated": []}
    assert note["instances"] == 11 - len(longer)


def test_truncate_keeps_them_instead(tune, base, tmp_path):
    limit = sorted(lengths(base, tmp_path).values())[-3]
    code, err, note = tune("--max-tokens", limit, "--truncate")
    assert code == 0, err
    assert f"2 of 11 instances truncated (more than {limit} tokens): " in err
    assert (len(note["too_long"]["truncated"]), note["instances"]) == (2, 11)


def test_the_rank_is_that_of_the_saved_adapter_and_alpha_stays_twice_as_large(tune, tmp_path):
    code, err, note = tune("--rank", 3, recipe="lft")
    assert code == 0, err
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"]) == (3, 6)
    assert note["recipe"]["adapter_rank"] == 3


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("recipe", ["lft", "sft"])
def test_saved_weights_have_the_requested_dtype(tune, tmp_path, recipe, dtype):
    code, err, note = tune("--save-dtype", dtype, recipe=recipe)
    assert code == 0, err
    name = "adapter_model.safetensors" if recipe == "lft" else "model.safetensors"
    found = {str(one.dtype) for one in load_file(tmp_path / "out" / name).values()}
    assert found == {f"torch.{dtype}"}
    assert note["saved_as"] == dtype


@pytest.mark.full
def test_the_note_says_precision_threads_and_memory_settings(tune):
    code, err, note = tune(
        "--dtype", "bfloat16", "--threads", 2, "--gradient-checkpointing",
        "--micro-batch-tokens", 64, recipe="lft",
    )  # fmt: skip
    torch.set_num_threads(1)
    assert code == 0, err
    recipe = note["recipe"]
    assert (recipe["dtype"], recipe["gradient_checkpointing"]) == ("bfloat16", True)
    assert (recipe["micro_batch_tokens"], note["threads"], note["device"]) == (64, 2, "cpu")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--dtype", "float16"), "Tuning in float16 is not supported"),
        (("--save-dtype", "int8"), "--save-dtype int8: expected float32, float16, bfloat16"),
        (("--rank", 4), "sft tunes all parameters and has no adapter rank"),
        (("--max-tokens", 3), "None of 11 instances fits into 3 tokens"),
    ],
)
def test_options_that_cannot_be_used_leave_no_folder(tune, tmp_path, options, message):
    code, err, _ = tune(*options)
    assert code == 2
    assert message in err
    assert not (tmp_path / "out").exists()


def test_the_time_is_announced_before_the_first_step():
    one = EncodedInstance(instance_id="d-1", prompt_ids=(1,), response_ids=(2,))
    plan = TuningPlan(steps=36, done=12, tokens=900, padded_tokens=1000, seconds=75.0)
    lines = announcement(plan, FittedInstances(instances=(one,)), RECIPES["sft"])
    assert lines == [
        "Resuming after 12 of 36 steps",
        "900 tokens to go, 10% padding: about 01:15 (13 tokens per second on this machine)",
    ]


@pytest.mark.parametrize("recipe", ["sft", "lft"])
def test_neftune_adds_noise_to_any_recipe_and_is_noted(tune, recipe):
    _, _, clean = tune(recipe=recipe, out="clean")
    code, err, note = tune("--neftune", 5, recipe=recipe)
    assert code == 0, err
    assert (clean["recipe"]["noise_alpha"], note["recipe"]["noise_alpha"]) == (None, 5.0)
    assert note["weights_sha256"] != clean["weights_sha256"]
    if recipe == "sft":
        _, _, named = tune(recipe="neftune", out="named")
        assert named["weights_sha256"] == note["weights_sha256"]


def test_a_negative_alpha_is_one_line_and_leaves_no_folder(tune, tmp_path):
    code, err, note = tune("--neftune", -5)
    assert (code, note) == (2, None)
    assert "noise_alpha is -5.0" in err
    assert not (tmp_path / "out").exists()
