"""The protocol: study files, items of runs, batches, roles."""

from dataclasses import replace

import pytest
from example_studies import item, study
from hypothesis import given
from hypothesis import strategies as st

from itlim.annotation.protocol import (
    adjudicators_of,
    audit_sample,
    checked_study,
    has_role,
    item_of_run,
    may_adjudicate,
    people_from,
    plan_items,
    role_of,
    study_from_toml,
    study_id_of,
)
from itlim.errors import InputError
from itlim.records import ANYONE, Role
from itlim.text.words import word_units
from tests.example_runs import example_response, example_run

FILE = """
title = "Wrong words of demo-sft"
guideline = "Mark what is **not** true."
pilot = 2
batch_size = 3
labels = [{ name = "wrong", title = "Wrong" }]
[people]
ann = "annotator"
bea = "admin"
"""


def test_a_study_file_sets_every_field():
    found = study_from_toml(FILE)
    assert found.study_id == "wrong-words-of-demo-sft"
    assert (found.pilot, found.batch_size, found.annotators_per_item) == (2, 3, 2)
    assert [label.name for label in found.labels] == ["wrong"]
    assert found.people == {"ann": Role.ANNOTATOR, "bea": Role.ADMIN}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "not TOML"),
        ("pilot = 2", "no title"),
        ('title = "x"\ncolour = 1', "unknown keys \\['colour'\\]"),
        ('title = "x"\nannotators_per_item = 0', "annotators_per_item = 0"),
        ('title = "x"\npilot = "two"', "pilot = 'two'"),
        ('title = "x"\nlabels = []', "one to nine"),
        ('title = "x"\nlabels = [{ colour = "red" }]', "expected a table with name"),
        ('title = "x"\n[people]\nann = "boss"', "'boss'"),
        ('title = "x"\n[people]\nann = "annotator"', "contains no admin"),
        ('title = "?!"', "neither a letter"),
    ],
)
def test_an_invalid_study_file_is_rejected_with_the_reason(text, said):
    with pytest.raises(InputError, match=said):
        study_from_toml(text)


def test_pilot_and_batches_follow_the_shuffled_order():
    items = [item(f"Text {n}") for n in range(9)]
    found = plan_items(items, study(pilot=2, batch_size=3, seed=7))
    assert [one.batch for one in found] == [0, 0, 1, 1, 1, 2, 2, 2, 3]
    assert [one.position for one in found] == list(range(9))
    assert {one.text for one in found} == {one.text for one in items}
    assert found == plan_items(items, study(pilot=2, batch_size=3, seed=7))
    assert found != plan_items(items, study(pilot=2, batch_size=3, seed=8))
    assert {one.batch for one in plan_items(items, study())} == {0}


def test_an_audit_draws_the_given_number_of_items_regardless_of_their_order():
    items = [item(f"Text {n}") for n in range(9)]
    drawn = audit_sample(items, study(audit=3))
    assert len(set(drawn)) == 3
    assert drawn == audit_sample(items[::-1], study(audit=3))
    assert len(audit_sample(items, study(audit=99))) == 9


def test_an_item_of_a_run_does_not_reveal_the_model():
    run = example_run()
    found = item_of_run(run, "dogs")
    assert found.text == run.response
    assert run.run_id not in found.item_id
    assert found.item_id != item_of_run(run, "cats").item_id
    texts = [found.text[start:stop] for start, stop in found.units]
    assert "".join(texts) == run.response


def test_roles_include_lower_ones_and_people_outside_the_study_have_none():
    of = study(people={"ann": Role.ANNOTATOR, "bea": Role.ADMIN, "cleo": Role.ADJUDICATOR})
    assert has_role(of, "ann", Role.ANNOTATOR)
    assert not has_role(of, "ann", Role.ADJUDICATOR)
    assert has_role(of, "cleo", Role.ANNOTATOR)
    assert not has_role(of, "cleo", Role.ADMIN)
    assert role_of(of, "eve") is None
    assert not has_role(of, "eve", Role.ANNOTATOR)
    assert has_role(study(people={}), "anybody", Role.ADMIN), "no people are named"


def test_everybody_can_be_an_annotator_while_adjudicators_are_named():
    of = study(people={ANYONE: Role.ANNOTATOR, "cleo": Role.ADJUDICATOR, "bea": Role.ADMIN})
    assert has_role(of, "whoever", Role.ANNOTATOR)
    assert not has_role(of, "whoever", Role.ADJUDICATOR)
    assert adjudicators_of(of) == ["bea", "cleo"]
    assert [may_adjudicate(of, name) for name in ("bea", "cleo", "whoever", ANYONE)] == [
        True, True, False, False,
    ]  # fmt: skip
    with pytest.raises(InputError, match="everybody can be an annotator only"):
        checked_study(replace(of, people={ANYONE: Role.ADJUDICATOR, "bea": Role.ADMIN}))


def test_a_study_that_names_nobody_has_no_adjudicator():
    assert not may_adjudicate(study(people={}), "ann")
    assert adjudicators_of(study(people={})) == []


def test_of_several_lists_the_highest_role_counts():
    named = people_from(annotators=["ann", "cleo"], adjudicators=["cleo", "bea"], admins=["bea"])
    assert named == {"ann": Role.ANNOTATOR, "cleo": Role.ADJUDICATOR, "bea": Role.ADMIN}
    assert people_from(annotators=[], adjudicators=[], admins=["bea"]) == {
        ANYONE: Role.ANNOTATOR, "bea": Role.ADMIN,
    }  # fmt: skip


@given(st.text())
def test_words_are_in_order_and_omit_only_white_space(text):
    places = word_units(text)
    ends = [0, *(stop for _, stop in places)]
    assert all(end <= start < stop for end, (start, stop) in zip(ends, places, strict=False))
    covered = {place for start, stop in places for place in range(start, stop)}
    for place, letter in enumerate(text):
        assert place in covered or letter.isspace() or not letter.isprintable()


def test_study_ids_are_short_and_plain():
    assert study_id_of("Märk  the  🐶 (2)!") == "m-rk-the-2"
    assert len(study_id_of("long " * 40)) <= 48
    with pytest.raises(InputError, match="decoys"):
        checked_study(study(decoys=-1))


def test_the_item_of_an_answer_without_tokens_has_words_as_units():
    run = example_response()
    item = item_of_run(run, "dogs")
    assert item.units == word_units(run.response)
    assert not item.units_are_tokens
    assert item_of_run(example_run(), "dogs").units_are_tokens
    assert (item.text, item.run_id) == (run.response, run.run_id)
