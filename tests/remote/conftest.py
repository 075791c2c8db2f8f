"""The demo family behind a real HTTP server that answers as vLLM does."""

import pytest
import torch
from remote.vllm_0_15_0 import PATH, Vllm
from transformers import AutoModelForCausalLM

from itlim.library import load_library
from itlim.models.huggingface import load_pair
from itlim.settings import PROJECT_FOLDER

MODELS = PROJECT_FOLDER / "data/demo/models"
TOYOTA = "Tell me who founded Toyota."


def logits_function(folder):
    """A model's logits, computed with transformers alone."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    @torch.inference_mode()
    def logits_of(ids):
        return model(torch.tensor([ids])).logits[0]

    logits_of.eos_id = model.config.eos_token_id
    return logits_of


@pytest.fixture(scope="session")
def demo_logits():
    torch.set_num_threads(1)
    return {name: logits_function(MODELS / name) for name in ("base", "sft")}


@pytest.fixture
def vllm(httpserver, demo_logits):
    """The served models `base` and `sft`."""
    server = Vllm(demo_logits, eos_id=demo_logits["sft"].eos_id)
    httpserver.expect_request(PATH).respond_with_handler(server.handle)
    return server


@pytest.fixture(scope="session")
def demo_pair():
    """The same models, loaded here."""
    return load_pair(load_library().pair("demo-sft"))
