"""The report on the real family's stored answers."""

import json

import pytest
from example_runs import example_run
from traced_datasets import built, filler, row

from itlim.families.real.report import BASE, real_report
from itlim.settings import PROJECT_FOLDER
from itlim.store.shipped import ship_runs


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


def test_the_full_tuning_borrows_more_than_chance_and_the_readme_says_how_much():
    found = {(one.pair, one.finding_id): one for one in real_report()}
    sft, lft, base = (
        found[pair, "answers_with_borrowed_name"] for pair in ("real-sft", "real-lft", BASE)
    )
    assert sft.ci_low > base.ci_high
    assert (sft.n, lft.n, base.n) == (200, 200, 200)
    readme = (PROJECT_FOLDER / "data" / "real" / "README.md").read_text(encoding="utf-8")
    for one in (sft, lft, base):
        assert f"{one.value:.1f}% [{one.ci_low:.1f}, {one.ci_high:.1f}]" in readme
