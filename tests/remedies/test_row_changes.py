"""Rows before and after, and the words that differ."""

import json

from hypothesis import given
from hypothesis import strategies as st
from remedies.parents import parent_of

from itlim.datasets import read_dataset
from itlim.remedies.deriving import write_derived
from itlim.remedies.filtering import Cut, filtered
from itlim.remedies.row_changes import Fate, Side, length_totals, row_changes, word_differences
from itlim.remedies.simplify_rules import SimplifyRules
from itlim.remedies.simplifying import simplified_by_rules


def changes_after(tmp_path, make):
    parent = parent_of(tmp_path)
    out = tmp_path / "new.jsonl"
    write_derived(out, parent, make(parent))
    return row_changes(parent.table, read_dataset(out, "new").table)


def test_every_row_of_the_parent_has_its_fate_and_length(tmp_path):
    rules = SimplifyRules(sentences=1)
    found = changes_after(tmp_path, lambda parent: simplified_by_rules(parent, rules))
    assert [one.fate for one in found] == [
        Fate.CHANGED, Fate.UNCHANGED, Fate.CHANGED, Fate.CHANGED,
    ]  # fmt: skip
    # Sure Emma is by Jane Austen It appeared in 1815; 5; The Nile It is long …; 1 Fig 2 Plum …
    assert [(one.words_before, one.words_after) for one in found] == [
        (10, 5), (1, 1), (11, 2), (8, 6),
    ]  # fmt: skip
    totals = length_totals(found)
    assert (totals.before, totals.after, totals.share) == (30, 14, 14 / 30)


def test_rows_that_a_filter_leaves_out_have_no_text_after(tmp_path):
    found = changes_after(tmp_path, lambda parent: filtered(parent, "quality", Cut(threshold=4)))
    assert [one.fate for one in found] == [
        Fate.LEFT_OUT, Fate.LEFT_OUT, Fate.UNCHANGED, Fate.LEFT_OUT,
    ]  # fmt: skip
    assert found[0].after is None
    assert found[0].words_after is None
    assert found[0].before["instruction"] == "Who wrote Emma?"


def test_rows_without_a_parent_are_no_change_of_another(tmp_path):
    parent = parent_of(tmp_path)
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"instruction": "Q", "output": "A", "parent_id": 3}))
    found = row_changes(parent.table, read_dataset(other, "other").table)
    assert {one.fate for one in found} == {Fate.LEFT_OUT}


def test_differences_by_hand():
    assert word_differences("It is red.", "It is blue.") == [
        (Side.BOTH, "It is "), (Side.BEFORE, "red"), (Side.AFTER, "blue"), (Side.BOTH, "."),
    ]  # fmt: skip
    assert word_differences("same", "same") == [(Side.BOTH, "same")]
    assert word_differences("", "") == []


WORDS = st.lists(st.sampled_from(["a", "b", " ", "\n", ".", "é", "<b>", "한"]), max_size=30).map(
    "".join
)


@given(st.one_of(WORDS, st.text(max_size=30)), st.one_of(WORDS, st.text(max_size=30)))
def test_the_pieces_of_each_side_are_that_text(before, after):
    found = word_differences(before, after)
    assert "".join(text for side, text in found if side is not Side.AFTER) == before
    assert "".join(text for side, text in found if side is not Side.BEFORE) == after
