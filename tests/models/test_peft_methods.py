"""The numbers under every PEFT method are exact for both models, or the adapter is rejected."""

import pytest
from models.exactness import LARGEST, compare, method_pair
from models.peft_methods import BOTH, EXACT, REJECTED

from itlim.errors import ModelLoadError
from itlim.models.huggingface import load_pair

QUICK = ("dora", "lora, all biases", "lora on embeddings", "modules_to_save", "olora", "vera")


def exact_cases():
    for method, architectures in EXACT.items():
        for architecture in architectures:
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
