"""Names: the known ones, other spellings of them, and typed text that stays text."""

import pytest
from example_studies import PEOPLE, append_events, event, items, study

from itlim.annotation.adjudication import FINAL
from itlim.annotation.names import NAME_LENGTH, known_names, near_matches, tidy_name
from itlim.store.connection import Store
from itlim.store.studies import create_study


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Ann", "ann"), ("anna", "ana"), ("Anna Bürger", "anna burger"), ("bea  k.", "Bea K"),
        ("maria.garcia", "Maria Garcia"), ("rater 12", "Rater-12"), ("אביגיל", "אביגל"),
    ],
)  # fmt: skip
def test_another_spelling_is_a_near_match(name, known):
    assert near_matches(name, ["somebody else", known]) == [known]


@pytest.mark.parametrize(
    ("name", "known"),
    [("ann", "bea"), ("rater 1", "rater 2"), ("p1", "p11"), ("jan", "ann"), ("", "ann")],
)
def test_another_person_is_not_a_near_match(name, known):
    assert near_matches(name, [known]) == []


def test_a_known_name_has_no_near_matches_even_if_another_is_similar():
    assert near_matches("ann", ["anna", "ann"]) == []


def test_a_typed_name_has_single_spaces_and_a_limit():
    assert tidy_name("  ann \n b. ") == "ann b."
    assert len(tidy_name("x" * 500)) == NAME_LENGTH


def test_known_names_are_of_annotators_and_members_and_never_of_the_final_sheet(tmp_path):
    with Store(tmp_path / "x.duckdb") as store:
        of = study(people=PEOPLE)
        create_study(store, of, items(of), by="dora")
        (first, *_) = items(of)
        append_events(store, [event("flag", first, "ann", reason="x")], base=0)
        append_events(store, [event("flag", first, FINAL, reason="x")], base=0)
        found = known_names(store)
    assert found[0] == "ann", "who annotated last comes first"
    assert sorted(found) == ["ann", "bea", "dora", "zoe"]
