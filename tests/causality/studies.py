"""A tiny base on disk and small studies on it, for the causality tests."""

from dataclasses import replace

from training.tiny import TEMPLATE, tiny_model, tiny_tokenizer

from itlim.causality.probes import full_answers
from itlim.causality.retraining.without_instances import Retraining
from itlim.records import ModelSource, Pair
from itlim.training.recipes import RECIPES

MAX_NEW_TOKENS = 12
QUESTIONS = ("Who wrote Persuasion?", "Name a lake.", "Who directed Duel?", "Where is the Nile?")


def save_base(folder):
    tokenizer = tiny_tokenizer()
    tiny_model(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Pair(name="tiny", base=ModelSource(path=str(folder)), template=TEMPLATE)


def fast(name="sft", **changes):
    defaults = {"epochs": 2, "batch_size": 3, "learning_rate": 1e-2}
    return replace(RECIPES[name], **(defaults | changes))


def retraining(pair, table, recipe=None, **options):
    return Retraining(
        pair, table, recipe or fast(), **({"seed": 1, "saved_as": "float16"} | options)
    )


def probes_of(one):
    prompts = [one.shell.render(question) for question in QUESTIONS]
    return full_answers(one.full(), prompts, MAX_NEW_TOKENS)
