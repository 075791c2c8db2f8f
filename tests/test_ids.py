from dataclasses import replace

import pytest

from itlim.ids import content_hash, run_id
from itlim.records import ModelSource, Pair, PromptTemplate, Request

PAIR = Pair(name="p", base=ModelSource(path="b"), tuned=ModelSource(path="t"), template="plain")
REQUEST = Request(pair=PAIR, instruction="Name a river.")


def test_parts_of_a_hash_are_separated():
    assert content_hash("ab", "c") != content_hash("a", "bc")
    assert content_hash(None) != content_hash("None")
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})


def test_lone_surrogates_have_an_id():
    assert len(content_hash("\ud800")) == 64


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, instruction="Name a river"),
        replace(REQUEST, input="in Asia"),
        replace(REQUEST, response="The Nile."),
        replace(REQUEST, max_new_tokens=5),
        replace(REQUEST, top_k=5),
        replace(REQUEST, pair=replace(PAIR, template="chat")),
        replace(
            REQUEST,
            pair=replace(
                PAIR,
                template=PromptTemplate(name="plain", without_input="{instruction}", with_input=""),
            ),
        ),
        replace(REQUEST, pair=replace(PAIR, base=ModelSource(path="b", dtype="bfloat16"))),
        replace(REQUEST, pair=replace(PAIR, tuned=None, adapter=ModelSource(path="t"))),
    ],
)
def test_everything_that_affects_the_numbers_affects_the_id(other):
    assert run_id(other, "b", "t") != run_id(REQUEST, "b", "t")


def test_names_and_paths_do_not_affect_the_id():
    moved = replace(PAIR, name="q", note="n", base=ModelSource(path="elsewhere"))
    assert run_id(replace(REQUEST, pair=moved), "b", "t") == run_id(REQUEST, "b", "t")


def test_the_generation_limit_does_not_affect_the_id_of_a_pasted_response():
    pasted = replace(REQUEST, response="The Nile.")
    assert run_id(replace(pasted, max_new_tokens=5), "b", "t") == run_id(pasted, "b", "t")


def test_models_affect_the_id_and_are_not_interchangeable():
    ids = {run_id(REQUEST, *hashes) for hashes in (("b", "t"), ("t", "b"), ("b", "u"))}
    assert len(ids) == 3
