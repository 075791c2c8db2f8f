"""The numbers of every architecture are those of plain transformers and PEFT.

Those in `TESTED` are tested; the script `exactness.py` lists the errors of all.
"""

import pytest
from models.exactness import LARGEST, architecture_pair, compare

# One of each way to continue: several tokens at once, one at a time, only whole passes.
QUICK = ("mistral", "mamba2", "openai-gpt")
TESTED = (
    *QUICK,
    *("bamba", "bart", "bloom", "codegen", "cohere2", "deepseek_v3", "exaone4", "falcon"),
    *("falcon_h1", "falcon_mamba", "gemma", "gemma2", "gemma3_text", "glm4", "gpt2", "gpt_bigcode"),
    *("gpt_neo", "gpt_neox", "gpt_oss", "gptj", "granitemoehybrid", "jamba", "lfm2", "llama"),
    *("llama4_text", "mamba", "mixtral", "mpt", "nemotron", "olmo2", "opt", "phi", "phi3"),
    *("qwen2", "qwen2_moe", "qwen3", "recurrent_gemma", "rwkv", "stablelm", "starcoder2"),
)


def marked(name):
    return pytest.param(name, marks=() if name in QUICK else pytest.mark.full)


@pytest.mark.parametrize("tuning", ["full", "lora"])
@pytest.mark.parametrize("model_type", [marked(name) for name in TESTED])
def test_live_and_scored_numbers_equal_whole_passes_of_plain_models(model_type, tuning, tmp_path):
    found = compare(architecture_pair(tmp_path, model_type, tuning))
    assert found.largest <= LARGEST
    assert found.greedy
    assert found.batched
