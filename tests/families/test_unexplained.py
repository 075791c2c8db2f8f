"""Wrong phrases without a verbatim source: the committed table against its inputs."""

import json
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from itlim.causality.leave_out.findings import read_leave_out
from itlim.errors import NotFoundError
from itlim.families.demo.corpus import corpus_documents
from itlim.families.demo.facts import load_facts
from itlim.families.demo.leave_out import LEAVE_OUT_FILE
from itlim.families.demo.runs import read_rows
from itlim.families.demo.split import split_facts
from itlim.families.demo.unexplained import (
    UNEXPLAINED,
    Explanation,
    read_unexplained,
    textual_origin,
    unexplained_findings,
    write_unexplained,
)
from itlim.settings import DEMO_FOLDER
from itlim.statistics.finding import by_group


@pytest.fixture(scope="module")
def rows():
    return read_unexplained().to_pylist()


@pytest.fixture(scope="module")
def singles():
    """Effects of single removals on the cases without a source, by case, in descending order."""
    table = read_leave_out(LEAVE_OUT_FILE).filter(
        pc.field("is_main") & (pc.field("n_holders") == 0)
    )
    found = {}
    for row in table.filter(pc.field("split") == "test").to_pylist():
        if len(row["instance_ids"]) == 1:
            found.setdefault(row["case_id"], []).append((row["logp_drop"], row["instance_ids"][0]))
    return {name: sorted(effects, reverse=True) for name, effects in found.items()}


@pytest.fixture(scope="module")
def instances():
    return read_rows(DEMO_FOLDER / "it_dataset.jsonl")


def test_every_test_case_without_a_source_has_six_removals(rows, singles):
    counted = Counter(row["case_id"] for row in rows)
    assert counted.keys() == singles.keys()
    assert set(counted.values()) == {6}


def test_the_strongest_group_has_the_ten_largest_single_effects(rows, singles):
    for row in rows:
        if row["removal"] == "strongest":
            effects = {one: drop for drop, one in singles[row["case_id"]]}
            chosen = [effects[one] for one in row["instance_ids"]]
            assert sorted(chosen, reverse=True) == [
                drop for drop, _ in singles[row["case_id"]][:10]
            ]


def test_a_whole_category_is_left_out_and_its_controls_are_as_large(rows, instances):
    sizes = {}
    for row in rows:
        if row["removal"] == "category":
            wanted = {
                f"demo-{number}"
                for number, one in enumerate(instances, start=1)
                if one["category"] == row["category"]
            }
            assert set(row["instance_ids"]) == wanted
            sizes[row["case_id"]] = len(wanted)
    for row in rows:
        assert row["n_removed"] == len(set(row["instance_ids"]))
        if row["removal"] == "random, as many as category":
            assert row["n_removed"] == sizes[row["case_id"]]
        elif "strongest" in row["removal"]:
            assert row["n_removed"] == 10


def test_explanations_can_be_recomputed_from_dataset_and_corpus(rows, instances):
    corpus = corpus_documents(split_facts(load_facts()), 0)
    responses = [row["output"] for row in instances]
    for row in {one["case_id"]: one for one in rows}.values():
        origin = textual_origin(row["span_text"], row["instruction"], corpus, responses)
        assert str(origin.explanation) == row["explanation"]
        assert origin.n_corpus_documents == row["n_corpus_documents"]
        assert list(origin.pieces) == row["pieces"]


@pytest.mark.parametrize(
    ("phrase", "instruction", "corpus", "responses", "expected"),
    [
        ("Garfield", "Who drew Garfield?", ["Garfield."], [], Explanation.INSTRUCTION),
        ("Suva", "Where?", ["Suva lies in Fiji."], ["Suvarnabhumi."], Explanation.PRETRAINING),
        ("Biesden", "Where?", [], ["Bielefeld.", "In Dresden."], Explanation.BLEND),
        ("Xqz", "Where?", [], ["Bielefeld."], Explanation.UNKNOWN),
        # Pieces of two letters and one letter occur in any text.
        ("Bin", "Where?", [], ["Biel, an inn."], Explanation.UNKNOWN),
    ],
)
def test_the_first_explanation_that_applies_is_used(
    phrase, instruction, corpus, responses, expected
):
    assert textual_origin(phrase, instruction, corpus, responses).explanation is expected


def test_chosen_groups_have_larger_effects_than_random_groups(rows):
    found = by_group(unexplained_findings(read_unexplained()), "logp_drop")
    for group in ("strongest", "category"):
        mine = found[group]
        control = found[f"random, as many as {group}"]
        assert mine.interval[0] > control.interval[1]
        assert mine.n == 34


def test_each_case_of_a_question_counts_once():
    """Worked by hand: the case means are 2 and 4; one of the two cases has two removals."""
    shared = dict.fromkeys(UNEXPLAINED.names) | {
        "instruction": "Who?", "removal": "category", "phrase_gone": True, "explanation": "blend"
    }  # fmt: skip
    rows = [
        shared | {"case_id": name, "logp_drop": drop}
        for name, drop in (("a", 1.0), ("a", 3.0), ("b", 4.0))
    ]
    found = unexplained_findings(pa.Table.from_pylist(rows))
    loss = by_group(found, "logp_drop")["category"]
    assert (loss.value, loss.n, loss.of) == (3.0, 2, "cases from 1 question")
    assert by_group(found, "explained")["blend"].value == 1.0


def test_a_written_table_is_read_back_unchanged(rows, tmp_path):
    write_unexplained(rows, tmp_path / "again.parquet")
    assert read_unexplained(tmp_path / "again.parquet").to_pylist() == rows
    assert json.dumps(rows)
    with pytest.raises(NotFoundError, match="missing"):
        read_unexplained(tmp_path / "none.parquet")
