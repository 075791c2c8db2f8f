"""The made-up large dataset: sizes, word frequencies, and the same again from the same seed."""

import itertools
import json
from collections import Counter

import pytest

from itlim.text.words import raw_words
from tests.benchmarks import large_corpus
from tests.benchmarks.large_corpus import write_large_dataset

TEXT = "the cat sat on the mat, and the dog (a hound) saw the cat sit on the long mat. " * 30


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source.jsonl"
    path.write_text(json.dumps({"instruction": TEXT, "turns": [{"value": TEXT}]}) + "\n")
    return path


def written(path, source, seed=0):
    write_large_dataset(path, [source], n_instances=300, n_words=30_000, seed=seed)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_rows_words_and_lengths_are_as_asked_for(tmp_path, source):
    rows = written(tmp_path / "large.jsonl", source)
    assert len(rows) == 300
    counts = [len(raw_words(row["instruction"] + " " + row["output"])) for row in rows]
    assert sum(counts) == pytest.approx(30_000, rel=0.02)
    assert max(counts) > 3 * min(counts), "lengths differ"
    assert all(row["instruction"] and row["output"] for row in rows)


def test_words_are_as_frequent_as_in_the_source_but_for_the_names(tmp_path, source):
    rows = written(tmp_path / "large.jsonl", source)
    words = Counter(word for row in rows for word in raw_words(row["output"]))
    expected = Counter(raw_words(TEXT))
    for word, count in expected.items():
        share = count / sum(expected.values())
        assert words[word] / sum(words.values()) == pytest.approx(share, rel=0.15), word
    names = sum(count for word, count in words.items() if word not in expected)
    assert names / sum(words.values()) == pytest.approx(large_corpus.NAME, rel=0.5)


def test_phrases_of_the_source_go_on_until_a_jump(tmp_path, source):
    rows = written(tmp_path / "large.jsonl", source)
    pairs = Counter()
    for row in rows:
        tokens = row["output"].split()
        pairs.update(itertools.pairwise(tokens))
    assert pairs["(a", "hound)"] > 0.9 * sum(n for (first, _), n in pairs.items() if first == "(a")


def test_the_seed_alone_decides(tmp_path, source):
    first = written(tmp_path / "first.jsonl", source)
    assert written(tmp_path / "again.jsonl", source) == first
    assert written(tmp_path / "other.jsonl", source, seed=1) != first


def test_names_are_all_different():
    assert len({large_corpus.made_up_name(number) for number in range(400_000)}) == 400_000
