"""Pairs whose models are those of the fixture `vllm`."""

from remote.conftest import MODELS

from itlim.records import ModelSource, RemotePair, ServerModel


def served(httpserver, model, tokenizer=None):
    folder = tokenizer or MODELS / model
    return ServerModel(url=httpserver.url_for("/v1"), model=model, tokenizer=str(folder))


def served_pair(httpserver, **changes):
    """The demo family with both models behind the server."""
    values = {
        "name": "served",
        "base": served(httpserver, "base"),
        "tuned": served(httpserver, "sft"),
        "template": "alpaca-short",
    }
    return RemotePair(**values | changes)


def mixed_pairs(httpserver):
    """With a local tuned, and with a local base model."""
    return {
        "tuned here": served_pair(httpserver, tuned=ModelSource(path=str(MODELS / "sft"))),
        "base here": served_pair(httpserver, base=ModelSource(path=str(MODELS / "base"))),
    }
