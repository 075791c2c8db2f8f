"""The numbers under every PEFT method are exact for both models, or the adapter is rejected.

The methods in `TESTED` are tested; the script `exactness.py` lists the errors of all.
"""

import pytest
from models.exactness import LARGEST, compare, method_pair
from models.peft_methods import BOTH, EXACT, REJECTED

from itlim.errors import ModelLoadError
from itlim.models.huggingface import load_pair

QUICK = ("dora", "lora, all biases", "modules_to_save", "olora")
TESTED = (
    *QUICK,
    *("lora", "lora on embeddings", "rslora", "pissa", "eva", "trainable_token_indices"),
    *("layer replication", "target_parameters", "vera", "adalora", "loha", "lokr", "oft", "boft"),
    *("hra", "ia3", "ln tuning", "fourierft", "vblora", "randlora", "shira", "c3a", "miss", "road"),
    *("waveft", "delora", "gralora", "trainable tokens", "adaption prompt", "hira", "osf"),
)


def exact_cases():
    for method in TESTED:
        for architecture in EXACT[method]:
            quick = method in QUICK and architecture == "qwen2"
            marks = () if quick else pytest.mark.full
            yield pytest.param(method, architecture, marks=marks)


@pytest.mark.parametrize(("method", "architecture"), exact_cases())
def test_base_and_tuned_numbers_equal_those_of_separate_plain_models(
    method, architecture, tmp_path
):
    found = compare(method_pair(tmp_path, method, architecture))
    assert found.largest <= LARGEST
    assert found.greedy
    assert found.batched


@pytest.mark.parametrize("architecture", BOTH)
@pytest.mark.parametrize(("method", "reason"), REJECTED.items())
def test_a_method_that_cannot_be_compared_exactly_is_rejected(
    method, reason, architecture, tmp_path
):
    with pytest.raises(ModelLoadError, match=reason):
        load_pair(method_pair(tmp_path, method, architecture))
