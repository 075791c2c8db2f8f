"""An index opens fast, returns instances by position, and reports damage."""

import json
import os
import shutil

import numpy as np
import pytest
from index_datasets import ROWS, entry_of, write_dataset
from tiny_encoder import tiny_encoder

from itlim.errors import (
    IndexDamagedError,
    IndexMissingError,
    IndexVersionError,
    InputError,
    NotFoundError,
)
from itlim.trace import build_index, fit_chance, open_index
from itlim.trace.index import build
from itlim.trace.index.manifest import (
    CONTROLS_NULL_FILE,
    KNOWN_FILES,
    LINEAGE_FILE,
    META_FILE,
    NULL_FILE,
)
from itlim.trace.meaning.encoder import get_encoder
from itlim.trace.meaning.vectors import pair_text
from itlim.trace.words.lexical import FILES


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return str(tiny_encoder(tmp_path_factory.mktemp("encoder")))


@pytest.fixture(scope="module")
def built(tmp_path_factory, encoder):
    """An index that no test changes."""
    folder = tmp_path_factory.mktemp("built")
    entry = entry_of(write_dataset(folder / "rivers.jsonl"))
    index = build_index(entry, folder / "index", encoder=encoder)
    # The dataset itself is too small for a chance baseline.
    return fit_chance(index, CONTROLS, source="strangers").folder


CONTROLS = [("", f"Stranger {number} walks along the Nile.") for number in range(120)]


@pytest.fixture
def no_chance(monkeypatch):
    """Skip fitting the chance baseline, which takes most of a tiny build and is not used here."""
    monkeypatch.setattr(build, "write_chance", lambda _folder, _phases: None)


@pytest.fixture
def copy(built, tmp_path):
    """An index to damage."""
    shutil.copytree(built, tmp_path / "index")
    return tmp_path / "index"


def test_instances_are_at_their_positions_and_keep_their_row_numbers(built):
    index = open_index(built)
    # Row 3 is not JSON, row 5 lacks its output.
    assert index.instances.rows.tolist() == [1, 2, 4, 6]
    assert [index.instance_at(place)["source_line"] for place in range(4)] == [1, 2, 4, 6]
    found = index.instance_at(2)
    assert found["instance_id"] == "rivers-4"
    assert found["instruction"] == ROWS[3]["instruction"]
    assert json.loads(found["extra"]) == {"source": "atlas"}
    assert index.instances.position(6) == 3
    with pytest.raises(NotFoundError):
        index.instances.position(3)


def test_rows_that_could_not_be_used_are_kept_with_their_reasons(built):
    index = open_index(built)
    assert [row.line for row in index.bad_rows()] == [3, 5]
    assert index.meta.n_bad_rows == 2
    assert "JSON" in index.bad_rows()[0].reason


def test_words_and_vectors_use_the_same_positions(built, encoder):
    index = open_index(built)
    assert index.encoder == encoder
    assert len(index.lexical.groups) == 4
    # Rows 2 and 6 have equal content.
    assert index.lexical.groups[1] == index.lexical.groups[3]
    rows = [index.instance_at(place) for place in range(4)]
    model = get_encoder(encoder)
    query = model.vector("paris is a river")
    for vectors, texts in (
        (index.instruction_vectors, [row["instruction"] for row in rows]),
        (
            index.pair_vectors,
            [pair_text(row["instruction"], row["input"], row["response"]) for row in rows],
        ),
    ):
        assert vectors is not None
        expected = model.encode(texts).vectors @ query
        np.testing.assert_allclose(vectors.cosines(range(4), query), expected, atol=2e-3)


@pytest.mark.usefixtures("no_chance")
def test_a_lexical_only_index_has_no_vectors(tmp_path):
    entry = entry_of(write_dataset(tmp_path / "rivers.jsonl"))
    index = build_index(entry, tmp_path / "index", lexical_only=True)
    assert not index.has_meaning
    assert index.encoder is None
    assert index.instruction_vectors is None
    assert index.pair_vectors is None


def test_a_folder_without_an_index_is_missing(tmp_path):
    with pytest.raises(IndexMissingError, match="python -m itlim index"):
        open_index(tmp_path / "none")


@pytest.mark.parametrize("name", sorted(KNOWN_FILES - {META_FILE, NULL_FILE, LINEAGE_FILE}))
@pytest.mark.parametrize("damage", ["gone", "cut", "longer", "changed at its end"])
def test_a_damaged_file_is_named_when_the_index_opens(copy, name, damage):
    path = copy / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[:-1])
    elif damage == "longer":
        path.write_bytes(content + b"\0")
    else:
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(IndexDamagedError, match=name):
        open_index(copy)


def test_verifying_finds_a_change_in_the_middle_that_opening_does_not(tmp_path, no_chance):
    rows = [{"instruction": f"Name river {n}.", "output": f"River {n}."} for n in range(2000)]
    entry = entry_of(write_dataset(tmp_path / "rivers.jsonl", rows))
    index = build_index(entry, tmp_path / "index", lexical_only=True)
    index.verify()
    path = index.folder / FILES["words"]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    changed = open_index(index.folder)
    with pytest.raises(IndexDamagedError, match=f"{path.name} has changed"):
        changed.verify()


def rewrite(folder, **changes) -> None:
    path = folder / META_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"format_version": 99}, IndexVersionError, "index format 99"),
        ({"normaliser": 77}, IndexVersionError, "version 77"),
        ({"kind": "something"}, IndexDamagedError, "does not describe"),
        ({"files": {"../etc/passwd": {}}}, IndexDamagedError, "incomplete"),
        ({"files": 3}, IndexDamagedError, "incomplete"),
        ({"strange": 1}, IndexDamagedError, "incomplete"),
        ({"n_instances": 7}, IndexDamagedError, "expected 7"),
    ],
)
def test_incompatible_and_damaged_descriptions_are_refused(copy, changes, error, message):
    rewrite(copy, **changes)
    with pytest.raises(error, match=message) as caught:
        open_index(copy)
    assert "Rebuild the index" in str(caught.value)


@pytest.mark.parametrize("content", ["", "[]", "{", "\udcff"])
def test_a_file_that_is_not_a_description_is_refused(copy, content):
    (copy / META_FILE).write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(IndexDamagedError, match="Rebuild"):
        open_index(copy)


@pytest.mark.usefixtures("no_chance")
def test_vectors_of_an_encoder_whose_files_changed_are_refused(tmp_path):
    encoder = tiny_encoder(tmp_path)
    entry = entry_of(write_dataset(tmp_path / "rivers.jsonl"))
    folder = build_index(entry, tmp_path / "index", encoder=str(encoder)).folder
    (encoder / "README.md").write_text("another one")
    index = open_index(folder)
    with pytest.raises(IndexVersionError, match="Rebuild"):
        _ = index.instruction_vectors


@pytest.mark.usefixtures("no_chance")
def test_a_changed_dataset_makes_an_index_stale(tmp_path):
    path = write_dataset(tmp_path / "rivers.jsonl")
    index = build_index(entry_of(path), tmp_path / "index", lexical_only=True)
    assert not index.is_stale()
    os.utime(path, (1, 1))
    assert not index.is_stale(), "another time alone is no change"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"Nile", b"Oder"))
    os.utime(path, (2, 2))
    assert index.is_stale()
    path.write_bytes(content)
    assert not index.is_stale()
    path.unlink()
    assert not index.is_stale(), "without the dataset the index still serves"


def test_an_index_has_nulls_unless_none_were_fitted(copy):
    index = open_index(copy)
    assert index.nulls["span"].source == "strangers"
    assert index.nulls is index.nulls, "read once"
    assert fit_chance(index, None).nulls == {}
    assert not (copy / CONTROLS_NULL_FILE).exists()


def test_control_answers_replace_the_baseline_until_they_are_removed(tmp_path):
    rows = [
        {
            "instruction": f"Say {word}.",
            "input": "",
            "output": f"The word {word} is said by {word}.",
        }
        for word in (f"name{number}" for number in range(150))
    ]
    entry = entry_of(write_dataset(tmp_path / "names.jsonl", rows))
    index = build_index(entry, tmp_path / "index", lexical_only=True)
    own = index.nulls["span"]
    fitted = fit_chance(index, CONTROLS, source="strangers")
    assert fitted.nulls["span"].source == "strangers"
    assert fitted.meta.files.keys() - index.meta.files.keys() == {CONTROLS_NULL_FILE}
    fitted.verify()
    again = fit_chance(fitted, [(q, f"{a} Twice.") for q, a in CONTROLS], source="others")
    assert again.nulls["span"].source == "others"
    removed = fit_chance(index.folder, None)
    assert removed.nulls["span"].source == own.source
    assert removed.meta.files == index.meta.files


def test_too_few_control_answers_are_refused_and_change_nothing(copy):
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    with pytest.raises(InputError, match="Give more responses"):
        fit_chance(copy, CONTROLS[:3])
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before
