"""The lexical part of an index, written and read: ids, counts, order, and damaged files."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from word_corpora import CORPORA, content_of, fields_of, in_memory, written

from itlim.errors import CancelledError, DatasetError, IndexFolderError
from itlim.text.words import VERSION, words
from itlim.trace.words.lexical import FILES, LexicalWriter
from itlim.trace.words.lexical_index import LexicalIndex

ROWS = [
    ("Which river?", "", "The Nile, the Nile."),
    ("Which cities?", "Paris", "Paris is a city."),
    ("Which river?", "", "The Nile, the Nile."),
    ("Which CITY?", "", "Rome"),
]


def by_hand(index: LexicalIndex, rows) -> dict[str, int]:
    """Word → id, as in the stored text."""
    found = {}
    for field, text in enumerate(fields_of(rows)):
        start = index.fields[field]
        stored = index.words[start : index.fields[field + 1]].tolist()
        assert stored[-1] == 0, "each field is closed"
        assert len(stored) == len(text) + 1
        for word, number in zip(text, stored, strict=False):
            assert found.setdefault(word, number) == number
    return found


def test_a_small_dataset_by_hand(tmp_path):
    index = written(tmp_path, ROWS)
    ids = by_hand(index, ROWS)
    assert sorted(ids.values()) == list(range(1, 10)), "nine different words, from 1"
    assert index.groups.tolist() == [0, 1, 0, 2]
    frequency = {word: int(index.frequency[number]) for word, number in ids.items()}
    # "river" and "nile" occur in rows 1 and 3, which are one content; "cities" is "city".
    assert frequency == {
        "which": 3, "river": 1, "the": 1, "nile": 1, "city": 2, "paris": 1, "is": 1, "a": 1,
        "rome": 1,
    }  # fmt: skip
    assert index.total_frequency == 12
    assert index.frequency[0] == 0, "the separator is no word"


def test_the_facts_count_words_without_separators(tmp_path):
    writer = LexicalWriter(tmp_path)
    for row in ROWS:
        writer.add(*[[text] for text in row], [content_of(row)])
    assert writer.finish() == {
        "n_instances": 4,
        "n_words": 6 + 7 + 6 + 3,
        "n_contents": 3,
        "normaliser": VERSION,
    }


def test_words_are_found_by_their_normalized_form(tmp_path):
    index = written(tmp_path, [("Released", "", "an embedded increase"), ("embed", "", "")])
    found = index.ids(words("RELEASED releasing embed, embedded: increased"))
    # Normalizing "releas" or "embed" again would give other words.
    assert found[0] == found[1] > 0
    assert found[2] > 0
    assert found[3] > 0
    assert found[4] == -1, "increas, not increase"
    assert index.ids(["unknown"]).tolist() == [-1]
    assert index.ids([]).tolist() == []


@settings(deadline=None, max_examples=60)
@given(CORPORA)
def test_frequencies_groups_and_suffixes_equal_a_slow_count(rows):
    index = in_memory(rows)
    ids = by_hand(index, rows)
    contents = {content_of(row): row for row in rows}
    expected = Counter(
        word for row in contents.values() for word in {word for text in row for word in words(text)}
    )
    assert {word: int(index.frequency[number]) for word, number in ids.items()} == expected
    assert index.total_frequency == sum(expected.values())
    assert len(set(index.groups.tolist())) == len(contents)
    for one, row in enumerate(rows):
        for other, another in enumerate(rows):
            assert (index.groups[one] == index.groups[other]) == (row == another)
    text = index.words.tolist()
    assert index.suffixes.tolist() == sorted(range(len(text)), key=lambda start: text[start:])
    for number in range(len(ids) + 1):
        low, high = index.first_suffix[number : number + 2]
        assert {text[start] for start in index.suffixes[low:high]} == {number}
    bounds = index.fields.tolist()
    for start, field in zip(index.suffixes.tolist(), index.entry_fields.tolist(), strict=True):
        assert bounds[field] <= start < bounds[field + 1]
    assert index.field_sizes.tolist() == [stop - start for start, stop in pairwise(bounds)]


def test_batches_and_flushes_change_nothing(tmp_path):
    whole = written(tmp_path / "whole", ROWS)
    folder = tmp_path / "parts"
    folder.mkdir()
    writer = LexicalWriter(folder, flush_words=3)
    for rows in (ROWS[:1], ROWS[1:3], ROWS[3:]):
        writer.add(*zip(*rows, strict=True), [content_of(row) for row in rows])
    writer.finish()
    for file in FILES.values():
        assert (folder / file).read_bytes() == (tmp_path / "whole" / file).read_bytes(), file
    assert len(whole.words) == 34


def test_a_dataset_without_a_word_is_refused(tmp_path):
    writer = LexicalWriter(tmp_path)
    writer.add(["?"], [""], ["…"], [content_of(("?", "", "…"))])
    with pytest.raises(DatasetError, match="1 instance without a single word"):
        writer.finish()


def test_finishing_reports_progress_and_can_be_canceled(tmp_path):
    seen = []
    writer = LexicalWriter(tmp_path)
    writer.add(["a"], [""], ["b"], ["00"])
    with pytest.raises(CancelledError):
        writer.finish(lambda share, label: seen.append((share, label)), lambda: len(seen) == 2)
    assert [label for _, label in seen] == ["numbering words", "counting words"]
    assert [share for share, _ in seen] == sorted(share for share, _ in seen)


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        (file, damage)
        for name, file in FILES.items()
        for damage in ("gone", "empty", "cut inside an entry", "an entry short")
        if (name, damage) != ("entry_fields", "gone")  # older indexes lack it
    ],
)
def test_damaged_files_are_named(tmp_path, file, damage):
    written(tmp_path, ROWS)
    path = tmp_path / file
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut inside an entry":
        path.write_bytes(content[:-1])
    else:
        size = int(path.suffix[2:]) // 8
        path.write_bytes(content[:-size])
    with pytest.raises(IndexFolderError, match="Rebuild the index"):
        LexicalIndex.open(tmp_path)


def test_the_fields_of_entries_are_computed_if_an_older_index_lacks_them(tmp_path):
    stored = written(tmp_path, ROWS)
    (tmp_path / FILES["entry_fields"]).unlink()
    older = LexicalIndex.open(tmp_path)
    assert older.entry_fields.tolist() == stored.entry_fields.tolist()
    # Compiled loops would be compiled again for an array that may be written.
    assert older.entry_fields.dtype == stored.entry_fields.dtype
    assert older.entry_fields.flags.writeable == stored.entry_fields.flags.writeable


def test_files_are_little_endian_whatever_the_machine(tmp_path):
    index = written(tmp_path, ROWS)
    assert (
        np.frombuffer((tmp_path / "words.i32").read_bytes(), "<i4").tolist() == index.words.tolist()
    )
    assert np.frombuffer((tmp_path / "fields.i64").read_bytes(), "<i8").tolist() == [
        0, 3, 4, 9, 12, 14, 19, 22, 23, 28, 31, 32, 34,
    ]  # fmt: skip
