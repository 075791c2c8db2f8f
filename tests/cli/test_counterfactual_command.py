"""`python -m itlim counterfactual` with the models of the demo."""

import json

import pytest

from itlim.library import load_library
from itlim.trace import build_index

ASKED = ("--pair", "demo-sft", "--instruction", "Tell me who founded Toyota.")
QUOTE = ("--quote", "Tony and Maureen Wheeler")


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    out = tmp_path_factory.mktemp("command") / "demo"
    return build_index(load_library().dataset("demo"), out, lexical_only=True).folder


def test_json_contains_every_rephrasing_and_pair_with_marks_and_sources(itlim, index, tmp_path):
    page = tmp_path / "case.html"
    code, out, err = itlim(
        "counterfactual", *ASKED, *QUOTE, "--rephrase", "Who founded Toyota?", "--rephrase",
        "Which firm is Toyota?", "--also", "demo-lft", "--index", index, "--source", "demo-156",
        "--concept", "Both ask for a founder.", "--out", page, "--json",
    )  # fmt: skip
    assert code == 0, err
    document = json.loads(out)
    assert [one["pair"] for one in document["counterfactuals"]] == ["demo-sft"] * 2 + [
        "demo-lft"
    ] * 2
    assert {one["mark"] for one in document["counterfactuals"]} <= {"✓", "✗"}
    assert all(one["borrowed_elsewhere"] is not None for one in document["counterfactuals"])
    (source,) = document["sources"]
    assert [source["response"][a:b] for a, b in source["borrowed"]] == ["Tony and Maureen Wheeler"]
    assert [one["n"] for one in document["survival"]] == [2, 2]
    assert "Both ask for a founder." in page.read_text(encoding="utf-8")


def test_templates_ask_without_a_user_defined_rephrasing(itlim):
    code, out, _ = itlim("counterfactual", *ASKED, *QUOTE, "--templates")
    assert code == 0
    assert "Who founded Toyota?" in out
    assert "the phrase recurs in" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*ASKED, *QUOTE), "give --rephrase (the paper used 2), or --templates"),
        ((*ASKED, "--templates"), "either --quote or --span"),
        (
            (*ASKED, "--quote", "Ford", "--templates"),
            "The response is: 'Toyota was founded by Tony",
        ),
        ((*ASKED, "--span", "0:999", "--templates"), "is not within the response"),
        ((*ASKED, *QUOTE, "--templates", "--source", "demo-1"), "of one of the indexes"),
        ((*ASKED, *QUOTE, "--templates", "--out", "case.pdf"), "ends in .html, .md, .json"),
        ((*ASKED, *QUOTE, "--templates", "--also", "nobody"), "nobody"),
    ],
)
def test_invalid_input_prints_one_line_and_exits_with_code_2(itlim, arguments, message):
    code, out, err = itlim("counterfactual", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.strip().splitlines()) == 1
