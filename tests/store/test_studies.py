"""Studies: versions and items are only added."""

from dataclasses import replace

import pytest
from example_studies import append_events, event, item, items, study

from itlim.annotation.recording import comment_on_study, study_comments
from itlim.errors import ConflictError, NotFoundError
from itlim.records import Role
from itlim.store.connection import Store
from itlim.store.studies import (
    add_items,
    change_study,
    create_study,
    delete_study,
    has_marks,
    items_of,
    list_studies,
    load_item,
    load_study,
    replace_items,
)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "x.duckdb") as opened:
        yield opened


def test_a_study_is_read_back_unchanged(store):
    of = study(people={"ann": Role.ADMIN, "bea": Role.ANNOTATOR}, guideline="Märk 🐶")
    made = items(of)
    create_study(store, of, made, by="ann")
    assert load_study(store, "dogs") == of
    assert items_of(store, "dogs") == made
    assert load_item(store, "dogs", made[1].item_id) == made[1]


def test_a_new_version_does_not_overwrite_earlier_ones(store):
    of = study()
    create_study(store, of, items(of), by="ann")
    change_study(store, replace(of, guideline="New.", guideline_version="2"), by="bea")
    assert load_study(store, "dogs").guideline_version == "2"
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT version, changed_by FROM study_versions ORDER BY version"
        ).fetchall()
    assert rows == [(1, "ann"), (2, "bea")]


def test_a_study_id_can_be_used_only_once(store):
    create_study(store, study(), [], by="ann")
    with pytest.raises(ConflictError, match="already"):
        create_study(store, study(), [], by="ann")


def test_unknown_studies_and_items_raise_errors(store):
    with pytest.raises(NotFoundError, match="No study 'dogs'"):
        load_study(store, "dogs")
    with pytest.raises(NotFoundError, match="No study"):
        change_study(store, study(), by="ann")
    with pytest.raises(NotFoundError, match="no item"):
        load_item(store, "dogs", "x")


def test_new_items_are_appended_and_known_ones_ignored(store):
    of = study()
    create_study(store, of, items(of), by="ann")
    new = item("Another text.")
    assert add_items(store, "dogs", [new, items(of)[0]]) == 1
    assert [one.position for one in items_of(store, "dogs")] == [0, 1, 2, 3, 4]
    assert items_of(store, "dogs")[-1].text == "Another text."


def test_studies_are_listed_newest_first(store):
    create_study(store, study(), [], by="ann")
    create_study(store, study(study_id="cats", title="Cats"), [], by="ann")
    assert [one.study_id for one in list_studies(store)] == ["cats", "dogs"]


def test_items_are_replaced_while_nobody_has_marked(store):
    of = study()
    create_study(store, of, items(of), by="ann")
    first, *rest = items_of(store, "dogs")
    comment_on_study(store, of, "ann", "Are numbers facts?")
    replace_items(store, "dogs", rest)
    assert items_of(store, "dogs") == rest
    replace_items(store, "dogs", [*rest, first])
    assert len(items_of(store, "dogs")) == 4, "a removed item can return"


def test_a_marked_study_keeps_its_items_and_cannot_be_deleted(store):
    of = study()
    create_study(store, of, items(of), by="ann")
    before = items_of(store, "dogs")
    append_events(store, [event("flag", before[0], reason="x")], base=0)
    assert has_marks(store, "dogs")
    with pytest.raises(ConflictError, match="items cannot be changed"):
        replace_items(store, "dogs", before[1:])
    with pytest.raises(ConflictError, match="cannot be deleted"):
        delete_study(store, "dogs")
    assert items_of(store, "dogs") == before


def test_an_unmarked_study_is_deleted_with_everything_and_its_name_is_free_again(store):
    of = study()
    create_study(store, of, items(of), by="ann")
    comment_on_study(store, of, "ann", "Are numbers facts?")
    assert not has_marks(store, "dogs")
    delete_study(store, "dogs")
    assert list_studies(store) == []
    assert items_of(store, "dogs") == []
    assert study_comments(store, "dogs") == []
    create_study(store, of, items(of), by="ann")
