"""The numbers of every architecture are those of plain transformers and PEFT."""

import pytest
from models.architectures import ARCHITECTURES
from models.exactness import LARGEST, architecture_pair, compare

# One of each way to continue: several tokens at once, one at a time, only whole passes.
QUICK = ("bamba", "gpt_neo", "mamba2", "mistral", "openai-gpt", "rwkv")


def marked(name):
    return pytest.param(name, marks=() if name in QUICK else pytest.mark.full)


@pytest.mark.parametrize("tuning", ["full", "lora"])
@pytest.mark.parametrize("model_type", [marked(name) for name in ARCHITECTURES])
def test_live_and_scored_numbers_equal_whole_passes_of_plain_models(model_type, tuning, tmp_path):
    found = compare(architecture_pair(tmp_path, model_type, tuning))
    assert found.largest <= LARGEST
    assert found.greedy
    assert found.batched
