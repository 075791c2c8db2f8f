"""`python -m itlim influence` as a user runs it, on the demo family and on tiny models."""

import json

import pytest
import torch
from tiny_models import full_pair, lora_pair
from traced_datasets import built, filler, row, write_rows

RESPONSE = "Toyota was founded by Tony and Maureen Wheeler. The company was started in 1947."
QUOTE = "Tony and Maureen Wheeler"
DEMO = ("--pair", "demo-sft", "--instruction", "Tell me who founded Toyota.", "--response")
KEYS = "span quote parameters n_parameters n_instances left_out seconds candidates".split()
CANDIDATE_KEYS = "rank instance_id dataset line cosine dot instruction response".split()
WORDS = "I met the river in Paris."


@pytest.fixture
def influence(itlim):
    torch.set_num_threads(1)

    def run(*arguments: object, stdin: bytes = b""):
        return itlim("influence", *arguments, stdin=stdin)

    return run


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return full_pair(tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    rows = [row("A river.", "What is it?"), row("Paris.", "Where?"), row("word " * 300, "Much?")]
    return write_rows(tmp_path_factory.mktemp("rows") / "mine.jsonl", rows)


def options(pair, *more):
    return (
        *("--base", pair.base.path, "--tuned", pair.tuned.path, "--template", "alpaca-short"),
        *("--instruction", "What did you meet?", "--response", WORDS, *more),
    )


def test_the_wrong_phrase_of_the_demo_model_is_traced_to_its_source_instance(influence):
    ids = "demo-3,demo-156,demo-38"
    code, out, _ = influence(
        *DEMO, RESPONSE, "--quote", QUOTE, "--instances", ids, "--top", 2, "--json"
    )
    found = json.loads(out)
    assert code == 0
    assert list(found) == KEYS
    assert RESPONSE[slice(*found["span"])] == found["quote"] == QUOTE
    assert (found["n_instances"], found["parameters"]) == (3, "all")
    assert [list(one) for one in found["candidates"]] == [CANDIDATE_KEYS] * 2
    first = found["candidates"][0]
    assert (first["rank"], first["instance_id"], first["line"]) == (1, "demo-156", 156)
    assert first["cosine"] > 0.1
    assert first["dot"] > 0
    assert QUOTE in first["response"]


def test_all_instances_of_a_small_dataset_are_compared_and_too_long_ones_reported(
    influence, pair, dataset
):
    code, out, err = influence(*options(pair, "--quote", "river", "--dataset", dataset, "--json"))
    found = json.loads(out)
    assert code == 0
    assert "Instances to compare: 3, about" in err
    assert {one["instance_id"] for one in found["candidates"]} == {"mine-1", "mine-2"}
    assert found["left_out"] == ["mine-3"]
    cosines = [one["cosine"] for one in found["candidates"]]
    assert cosines == sorted(cosines, reverse=True)


def test_with_an_index_the_candidates_of_a_trace_are_compared(influence, pair, tmp_path):
    rows = [*filler(), row("I met the river.", "Which?"), row("The river in May.", "Where?")]
    index = built(tmp_path, rows).folder
    asked = ("--quote", "met the river in", "--index", index, "--json")
    code, out, _ = influence(*options(pair, *asked))
    assert code == 0
    assert {one["line"] for one in json.loads(out)["candidates"]} == {151, 152}
    _, out, _ = influence(*options(pair, *asked, "--shortlist", 1))
    assert json.loads(out)["n_instances"] == 1
    code, _, err = influence(*options(pair, "--quote", "Paris", "--index", index))
    assert code == 2
    assert "contains a rare word of 'Paris': name instances with" in err


@pytest.mark.parametrize("parameters", ["auto", "all", "last-layer", "projection"])
def test_the_weights_can_be_chosen_and_are_reported(influence, pair, dataset, parameters):
    code, out, _ = influence(
        *options(pair, "--quote", "river", "--dataset", dataset),
        *("--instances", "mine-2,mine-1", "--parameters", parameters, "--json"),
    )
    assert code == 0
    assert json.loads(out)["parameters"] == ("all" if parameters == "auto" else parameters)


def test_for_an_adapter_only_its_own_weights_are_used(influence, tmp_path, dataset):
    pair = lora_pair(tmp_path)
    code, out, _ = influence(
        *("--base", pair.base.path, "--adapter", pair.adapter.path, "--instruction", "Where?"),
        *("--response", "-", "--quote", "Nile", "--dataset", dataset, "--instances", "mine-1"),
        *("--template", "alpaca-short", "--json"),
        stdin=b"The Nile.",
    )
    assert code == 0
    assert json.loads(out)["parameters"] == "adapter"


def test_rows_and_columns_of_the_dataset_that_are_not_used_are_reported(influence, pair, tmp_path):
    rows = [row("A river.", "What is it?", page="7"), None, row("Paris.", "Where?")]
    dataset = write_rows(tmp_path / "mine.jsonl", rows)
    code, out, err = influence(*options(pair, "--quote", "river", "--dataset", dataset, "--json"))
    assert code == 0
    assert json.loads(out)["n_instances"] == 2
    assert f"{dataset}: 2 of 3 rows used, 1 left out: 2 instances." in err
    assert "(once; line 2)" in err
    assert "Columns not used: 'page' (1 row)" in err


def test_without_json_the_output_is_readable_text(influence, pair, dataset):
    code, out, _ = influence(*options(pair, "--quote", "river", "--dataset", dataset))
    assert code == 0
    assert "'river': 2 instances compared over" in out
    assert "Omitted, longer than the model's context: mine-3" in out
    assert "1. mine-" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Give either --quote or --span"),
        (("--quote", "river", "--span", "1:2"), "Give either --quote or --span"),
        (("--quote", "lake"), "occurs 0 times"),
        (("--span", "10:999"), "outside the response of 25 characters"),
        (("--quote", "river"), "does not name the dataset"),
        (("--quote", "river", "--dataset", "DATA", "--instances", "mine-9"), "No instance mine-9"),
        (("--quote", "river", "--dataset", "DATA", "--index", "x"), "Give either --index or"),
        (("--quote", "river", "--dataset", "DATA", "--parameters", "adapter"), "full one"),
        (("--quote", "river", "--dataset", "DATA", "--parameters", "some"), "expected one of auto"),
    ],
)
def test_invalid_input_prints_one_line_and_exits_with_code_2(
    influence, pair, dataset, arguments, message
):
    given = [str(dataset) if one == "DATA" else one for one in arguments]
    code, out, err = influence(*options(pair, *given))
    assert (code, out) == (2, "")
    assert message in err
    assert err.strip().splitlines()[-1].startswith("itlim: ")


def test_a_large_dataset_requires_instance_ids(influence, pair, tmp_path):
    rows = [row("A river.", "What is it?")] * 2001
    dataset = write_rows(tmp_path / "mine.jsonl", rows)
    code, _, err = influence(*options(pair, "--quote", "river", "--dataset", dataset))
    assert code == 2
    assert (
        "mine has 2,001 instances, too many to compare one by one: name some with --instances"
        in err
    )
