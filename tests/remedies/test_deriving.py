"""Datasets made from others: the file, its lineage, and what is never overwritten."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from remedies.parents import ROWS, parent_of, write_rows

from itlim.datasets import read_dataset
from itlim.datasets.lineage import (
    FailedRow,
    is_unchanged,
    lineage_lines,
    lineage_path,
    read_lineage,
)
from itlim.errors import DatasetError, IndexDamagedError, InputError
from itlim.ids import file_sha256
from itlim.library import DatasetEntry
from itlim.remedies.deriving import Derived, DerivedRow, read_parent, write_derived
from itlim.remedies.filtering import random_subset
from itlim.remedies.simplify_rules import SimplifyRules
from itlim.remedies.simplifying import simplified_by_rules
from itlim.trace import build_index, open_index


def made_of(parent, **values):
    rows = [
        DerivedRow(
            parent_id=row["instance_id"],
            instruction=row["instruction"],
            input=row["input"],
            response=row["response"],
        )
        for row in parent.rows()
    ]
    return Derived(**{"operation": "test", "method": "M.", "version": "v1", "rows": rows} | values)


def test_the_lineage_states_what_from_what_how_and_when(tmp_path):
    parent = parent_of(tmp_path)
    out = tmp_path / "new.jsonl"
    derived = replace(
        simplified_by_rules(parent, SimplifyRules()),
        failed=[FailedRow(instance_id="mine-9", reason="too long")],
        left_out={"a reason": 7},
    )
    written = write_derived(out, parent, derived)
    found = read_lineage(out)
    assert found == written
    assert is_unchanged(out, found)
    assert (found.operation, found.rows, found.changed) == ("simplify", 4, 3)
    assert (found.parent.name, found.parent.rows) == ("mine", 4)
    assert found.parent.sha256 == file_sha256(tmp_path / "mine.jsonl")
    assert found.settings == {"sentences": 2, "items": 3}
    text = " ".join(lineage_lines(found))
    assert "Made from mine (4 instances" in text
    assert "Left out: 7 × a reason." in text
    assert "1 row failed and are not in the dataset, such as mine-9: too long" in text
    assert str(tmp_path) not in text, "visitors of a server see no paths"


def test_rows_keep_their_parents_columns_and_read_as_they_were_written(tmp_path):
    parent = parent_of(tmp_path)
    out = tmp_path / "new.jsonl"
    write_derived(out, parent, made_of(parent))
    read = read_dataset(out, "new").table
    for name in ("instruction", "input", "response"):
        assert read[name].to_pylist() == parent.table[name].to_pylist()
    extras = [json.loads(text) for text in read["extra"].to_pylist()]
    assert [extra["parent_id"] for extra in extras] == [f"mine-{n}" for n in (1, 2, 3, 4)]
    assert extras[1]["category"] == "math"
    assert extras[2]["quality"] == 4.5
    assert json.loads(extras[2]["parent_columns"]) == {"answer": "Nile"}


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ROW = st.fixed_dictionaries(
    {"instruction": TEXT, "output": TEXT},
    optional={"input": TEXT, "system": TEXT, "messages": TEXT, "parent_id": TEXT, "kind": TEXT},
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(ROW, min_size=1, max_size=4))
def test_any_texts_survive_being_written_and_read(rows, tmp_path):
    rows = [{"instruction": "Q", "output": "A"}, *rows]
    parent = parent_of(tmp_path, rows)
    out = tmp_path / "new.jsonl"
    out.unlink(missing_ok=True)
    write_derived(out, parent, made_of(parent))
    read = read_dataset(out, "new").table
    assert read["content_sha256"].to_pylist() == parent.table["content_sha256"].to_pylist()


def test_a_dataset_made_from_a_made_one_states_both_steps(tmp_path):
    parent = parent_of(tmp_path)
    first = tmp_path / "first.jsonl"
    write_derived(first, parent, simplified_by_rules(parent, SimplifyRules()))
    again = read_parent(DatasetEntry(name="first", path=first))
    second = tmp_path / "second.jsonl"
    found = write_derived(second, again, random_subset(again, 2, seed=1))
    text = " ".join(lineage_lines(found))
    assert "Made from first" in text
    assert "first: Made from mine" in text


def test_the_same_work_may_be_repeated_and_nothing_else_is_overwritten(tmp_path):
    parent = parent_of(tmp_path)
    out = tmp_path / "new.jsonl"
    first = write_derived(out, parent, random_subset(parent, 2, seed=1))
    assert write_derived(out, parent, random_subset(parent, 2, seed=1)).sha256 == first.sha256
    with pytest.raises(InputError, match="other work made it"):
        write_derived(out, parent, random_subset(parent, 2, seed=2))
    with pytest.raises(InputError, match="something else made it"):
        write_derived(tmp_path / "mine.jsonl", parent, random_subset(parent, 2, seed=1))
    assert is_unchanged(out, read_lineage(out))


def test_without_a_row_nothing_is_written_and_the_first_reason_is_said(tmp_path):
    parent = parent_of(tmp_path)
    failed = [FailedRow(instance_id="mine-1", reason="no answer")]
    with pytest.raises(InputError, match="The first reason: no answer"):
        write_derived(tmp_path / "new.jsonl", parent, made_of(parent, rows=[], failed=failed))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.jsonl"]


def test_a_changed_file_no_longer_matches_its_lineage(tmp_path):
    parent = parent_of(tmp_path)
    out = tmp_path / "new.jsonl"
    write_derived(out, parent, made_of(parent))
    write_rows(out, ROWS[:2])
    assert not is_unchanged(out, read_lineage(out))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"kind": "other"}', '{"kind": "itlim-lineage/1"}']
)
def test_a_damaged_lineage_is_named(tmp_path, text):
    path = write_rows(tmp_path / "x.jsonl")
    lineage_path(path).write_text(text)
    with pytest.raises(DatasetError, match=r"x\.jsonl\.lineage is not a lineage"):
        read_lineage(path)


def test_hub_ids_folders_and_other_files_have_no_lineage(tmp_path):
    assert read_lineage(None) is None
    assert read_lineage("owner/name") is None
    assert read_lineage(tmp_path) is None
    assert read_lineage(write_rows(tmp_path / "x.jsonl")) is None


def test_an_index_keeps_the_lineage_of_its_dataset(tmp_path):
    parent = parent_of(tmp_path)
    out = tmp_path / "new.jsonl"
    written = write_derived(out, parent, made_of(parent))
    made = build_index(DatasetEntry(name="new", path=out), tmp_path / "a", lexical_only=True)
    assert made.lineage == written
    made.verify()
    (made.folder / "lineage.json").write_text("{}")
    with pytest.raises(IndexDamagedError, match=r"lineage\.json"):
        open_index(made.folder)
    plain = DatasetEntry(name="mine", path=tmp_path / "mine.jsonl")
    assert build_index(plain, tmp_path / "b", lexical_only=True).lineage is None
