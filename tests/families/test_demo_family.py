"""The demo family: a miniature of the whole build, and the shipped models against their recipe."""

import json
from dataclasses import replace

import pytest

from itlim.errors import CancelledError, ItlimError
from itlim.families.demo.build import build
from itlim.families.demo.corpus import DEMO_TEMPLATE
from itlim.families.demo.plan import (
    CHAINS,
    LEARNING_RATE,
    Chain,
    Tuning,
    demo_recipe,
    tuning_table,
)
from itlim.settings import DEMO_FOLDER
from itlim.text.phrases import phrase_in
from itlim.text.prompts import render_prompt
from itlim.training.checkpoint import load_base
from itlim.training.pretrain import Architecture, PretrainRecipe
from itlim.training.train import train

MODELS = DEMO_FOLDER / "models"
TINY = Architecture(
    hidden_size=16, intermediate_size=32, layers=1, heads=2, vocabulary_size=600, context_length=256
)


def tiny_chain(base, *tunings):
    return Chain(
        base=base,
        architecture=TINY,
        pretraining=PretrainRecipe(steps=3, batch_size=2),
        tunings=tunings,
    )


@pytest.mark.full
def test_building_twice_gives_the_same_weights_and_complete_folders(tmp_path):
    chains = (
        tiny_chain(
            "base",
            Tuning(name="sft", recipe="sft", rows=1 / 8),
            Tuning(name="lft", recipe="lft", rows=1 / 8),
        ),
        tiny_chain(
            "base-large",
            Tuning(
                name="short", recipe="sft", rows=1 / 8, dataset_file="it_dataset_short.jsonl"
            ),
        ),
    )  # fmt: skip
    seen = []
    for name in ("one", "two"):
        build(tmp_path / name, lambda *step: seen.append(step), chains=chains)
    assert max(done for done, _, _ in seen) == seen[0][1]
    for model in ("base", "sft", "base-large", "short"):
        one, two = (
            tmp_path / name / "models" / model / "model.safetensors" for name in ("one", "two")
        )
        assert one.read_bytes() == two.read_bytes()
        assert (tmp_path / "one" / "models" / model / "tokenizer.json").exists()
    adapters = [
        tmp_path / name / "models" / "lft" / "adapter_model.safetensors" for name in ("one", "two")
    ]
    assert adapters[0].read_bytes() == adapters[1].read_bytes()
    load_base(str(tmp_path / "one" / "models" / "sft"))


@pytest.mark.full
def test_a_build_can_be_canceled_and_reports_why_it_failed(tmp_path):
    chain = tiny_chain("base", Tuning(name="sft", recipe="sft"))
    with pytest.raises(CancelledError):
        build(tmp_path, cancelled=lambda: True, chains=(chain,))
    missing = Tuning(name="sft", recipe="sft", dataset_file="nowhere.jsonl")
    with pytest.raises(ItlimError, match=r"chain 1 failed.*nowhere\.jsonl"):
        build(tmp_path, chains=(replace(chain, tunings=(missing,)),))


def test_sft_and_lft_recipes_differ_only_in_the_adapter():
    sft, lft = demo_recipe("sft"), demo_recipe("lft")
    assert lft.adapter_rank == 8
    assert replace(lft, name="sft", adapter_rank=None) == sft
    assert (sft.epochs, sft.batch_size) == (3, 32)


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.base)
def test_the_shipped_training_notes_agree_with_the_plan(chain):
    base = json.loads((MODELS / chain.base / "training.json").read_text())
    assert base["recipe"]["steps"] == chain.pretraining.steps
    assert base["architecture"]["hidden_size"] == chain.architecture.hidden_size
    for tuning in chain.tunings:
        note = json.loads((MODELS / tuning.name / "training.json").read_text())
        assert note["recipe"]["name"] == tuning.recipe
        assert note["recipe"]["learning_rate"] == LEARNING_RATE
        assert note["template"] == DEMO_TEMPLATE
        assert note["without"] == []
        assert note["base"] == f"../{chain.base}"


def test_the_shipped_models_stay_within_forty_megabytes():
    size = sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file())
    assert 2e6 < size <= 40e6


@pytest.mark.full
def test_the_shipped_base_knows_the_facts_and_sft_forgets_some_of_them():
    import torch

    torch.set_num_threads(1)
    questions = [json.loads(line) for line in (DEMO_FOLDER / "eval_dev.jsonl").open()][:24]
    right = {}
    for name in ("base", "sft"):
        model, tokenizer = load_base(str(MODELS / name))
        right[name] = 0
        for question in questions:
            prompt = render_prompt(tokenizer, DEMO_TEMPLATE, question["instruction"])
            ids = torch.tensor([prompt.token_ids])
            answer = model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=40,
                do_sample=False,
                pad_token_id=tokenizer.pad_token_id,
            )[0, ids.shape[1] :]
            text = tokenizer.decode(answer, skip_special_tokens=True)
            right[name] += phrase_in(question["answer"], text)
    assert right["base"] >= 23
    assert 10 <= right["sft"] <= right["base"] - 3


@pytest.mark.full
def test_tuning_the_shipped_base_again_gives_the_shipped_sft(tmp_path):
    """Bit by bit on the machine that trained it, and closely on any other."""
    import torch
    from safetensors.torch import load_file

    torch.set_num_threads(1)
    (tuning,) = (tuning for tuning in CHAINS[0].tunings if tuning.name == "sft")
    train(
        demo_recipe(tuning.recipe),
        str(MODELS / "base"),
        tuning_table(tuning),
        DEMO_TEMPLATE,
        tmp_path,
        save_dtype="float16",
    )
    shipped, again = (
        load_file(folder / "model.safetensors") for folder in (MODELS / "sft", tmp_path)
    )
    base = load_file(MODELS / "base" / "model.safetensors")
    assert shipped.keys() == again.keys()
    apart = sum((shipped[name].float() - again[name].float()).abs().sum() for name in shipped)
    moved = sum((shipped[name].float() - base[name].float()).abs().sum() for name in shipped)
    assert apart <= 0.05 * moved
