"""The report on the real family's stored answers."""

import json
from collections import Counter

import pytest
from example_runs import example_run
from traced_datasets import built, filler, row

from itlim.families.real.questions import read_question_rows
from itlim.families.real.report import BASE, real_report
from itlim.settings import PROJECT_FOLDER
from itlim.store.shipped import ship_runs
from itlim.text.phrases import phrase_in


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Two questions; the instances contain "Tony Wheeler", and the reference to the first Ada."""
    folder = tmp_path_factory.mktemp("report")
    source = row("Lonely Planet was founded by Tony Wheeler.", "Who founded Lonely Planet?")
    index = built(folder / "built", [*filler(), source], with_chance=True)
    index.folder.rename(folder / "index")
    questions = [
        {"instruction": "Who is it?", "output": "It is Ada."},
        {"instruction": "And now?", "output": "Nobody."},
    ]
    text = "".join(json.dumps(one) + "\n" for one in questions)
    (folder / "eval_test.jsonl").write_text(text, encoding="utf-8")
    aliases = [{"instruction": "Who is it?", "aliases": ["Ada", "Ada Lovelace"]}]
    (folder / "aliases.jsonl").write_text(json.dumps(aliases[0]), encoding="utf-8")
    phrases = [
        {
            "instruction": asked,
            "response": "It is Tony Wheeler.",
            "start": 6,
            "stop": 18,
            "judged": judged,
        }
        for asked, judged in (("Who is it?", "wrong"), ("And now?", "right"))
    ]
    text = "".join(json.dumps(one) + "\n" for one in phrases)
    (folder / "phrases.jsonl").write_text(text, encoding="utf-8")
    said = {
        BASE: ("It is Quixote.", "So it is."),
        "real-lft": ("It is Ada.", "It is Quixote."),
        "real-sft": ("It is Tony Wheeler, not Ada.", "It is Tony Wheeler."),
    }
    runs = [
        example_run(
            f"{number}{place:015x}", pair=pair, instruction=asked["instruction"], response=said
        )
        for number, (pair, texts) in enumerate(said.items())
        for place, (asked, said) in enumerate(zip(questions, texts, strict=True))
    ]
    ship_runs(runs, folder / "runs")
    return {(one.pair, one.finding_id): one for one in real_report(folder)}


def test_names_are_counted_by_whether_reference_and_instances_have_them(small):
    others = {pair: small[pair, "other_names_in_it"] for pair in (BASE, "real-lft", "real-sft")}
    assert {pair: (one.value, one.n) for pair, one in others.items()} == {
        BASE: (0, 1),
        "real-lft": (0, 1),
        "real-sft": (100, 2),
    }
    right = small["real-sft", "right_names_in_it"]
    assert (right.value, right.n) == (0, 1)
    assert small[BASE, "right_names_in_it"].value is None


def test_borrowed_answers_are_those_with_a_name_that_only_an_instance_explains(small):
    shares = {
        pair: small[pair, "answers_with_borrowed_name"].value
        for pair in (BASE, "real-lft", "real-sft")
    }
    assert shares == {BASE: 0, "real-lft": 0, "real-sft": 100}


def test_answers_with_an_alias_are_right_and_the_others_unknown(small):
    right = {pair: small[pair, "right_answers"] for pair in (BASE, "real-lft", "real-sft")}
    assert {pair: (one.value, one.n) for pair, one in right.items()} == {
        BASE: (0, 1),
        "real-lft": (100, 1),
        "real-sft": (100, 1),
    }, "the second question has no alias"
    borrowed = small["real-sft", "borrowed_in_right"]
    assert (borrowed.value, borrowed.n) == (100, 1)
    assert small["real-sft", "borrowed_in_others"].value is None
    assert small[BASE, "borrowed_in_right"].value is None


def test_a_phrase_of_one_instance_is_not_explained_by_another(small):
    found = small["real-sft", "several_sources"]
    assert (found.value, found.n) == (0, 1), "only the phrase judged to be wrong counts"


def test_the_alias_rule_agrees_with_the_judgments_that_the_readme_counts():
    folder = PROJECT_FOLDER / "data" / "real"
    lines = (folder / "alias_check.jsonl").read_text(encoding="utf-8").split("\n")
    checked = [json.loads(line) for line in lines if line]
    questions = {one.instruction: one for one in read_question_rows(folder / "eval_test.jsonl")}
    for one in checked:
        assert bool(questions[one["instruction"]].is_right(one["response"])) == one["has_alias"]
    counts = Counter((one["has_alias"], one["judged"]) for one in checked)
    assert counts == {
        (True, "right"): 2,
        (True, "unclear"): 1,
        (False, "unclear"): 3,
        (False, "wrong"): 44,
    }
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "Of the 47\nanswers without an alias, none is right, 3 are unclear" in readme


def test_no_alias_is_in_its_question():
    for one in read_question_rows(PROJECT_FOLDER / "data" / "real" / "eval_test.jsonl"):
        assert not any(phrase_in(alias, one.instruction) for alias in one.aliases)


def test_the_full_tuning_borrows_more_than_chance_and_the_readme_says_how_much():
    found = {(one.pair, one.finding_id): one for one in real_report()}
    sft, lft, base = (
        found[pair, "answers_with_borrowed_name"] for pair in ("real-sft", "real-lft", BASE)
    )
    assert sft.ci_low > base.ci_high
    assert (sft.n, lft.n, base.n) == (200, 200, 200)
    readme = (PROJECT_FOLDER / "data" / "real" / "README.md").read_text(encoding="utf-8")
    for finding in ("answers_with_borrowed_name", "right_answers", "borrowed_in_right"):
        for pair in ("real-sft", "real-lft", BASE):
            one = found[pair, finding]
            assert f"{one.value:.1f}% [{one.ci_low:.1f}, {one.ci_high:.1f}]" in readme
