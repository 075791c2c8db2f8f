"""The reference responses from which a tracing index fits its chance level."""

import json
import re
from collections import Counter
from statistics import mean, median

import pytest

from itlim.settings import REFERENCE_RESPONSES

README = REFERENCE_RESPONSES.with_name("README.md")
SHARED_RUN = 8  # words


@pytest.fixture(scope="module")
def rows():
    text = REFERENCE_RESPONSES.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.removesuffix("\n").split("\n")]


@pytest.fixture(scope="module")
def word_counts(rows):
    return [len(row["response"].split()) for row in rows]


def runs_in_several(texts, n_words):
    """The runs of `n_words` words that occur in two or more of the texts."""
    counts = Counter()
    for text in texts:
        words = re.findall(r"\w+", text.casefold())
        windows = zip(*(words[start:] for start in range(n_words)), strict=False)
        counts.update(set(windows))
    return [" ".join(run) for run, count in counts.items() if count > 1]


def test_every_row_has_an_instruction_and_a_response_and_nothing_else(rows):
    assert len(rows) == 130
    for row in rows:
        assert list(row) == ["instruction", "response"]
        for text in row.values():
            assert isinstance(text, str)
            assert text == text.strip() != ""


def test_no_character_was_lost_in_decoding(rows):
    for row in rows:
        for text in row.values():
            assert not re.search("[\ufffd\x00-\x09\x0b-\x1f]", text), text


@pytest.mark.parametrize("column", ["instruction", "response"])
def test_no_text_occurs_twice(rows, column):
    counts = Counter(" ".join(row[column].casefold().split()) for row in rows)
    assert [text for text, count in counts.items() if count > 1] == []


def test_lengths_are_those_of_general_answers(word_counts):
    assert min(word_counts) >= 30
    assert max(word_counts) <= 350
    assert 140 <= mean(word_counts) <= 170


def test_the_readme_states_the_measured_figures(rows, word_counts):
    readme = README.read_text(encoding="utf-8")
    responses = [row["response"] for row in rows]
    spread = [min(word_counts), median(word_counts), mean(word_counts), max(word_counts)]
    shapes = [r"^- ", r"^1\. ", r"^```"]
    holding = [sum(bool(re.search(shape, text, re.M)) for text in responses) for shape in shapes]
    assert f"| rows | {len(rows)} |" in readme
    assert f"| {sum(word_counts):,} |" in readme
    assert f"| {', '.join(f'{value:.0f}' for value in spread)} |" in readme
    assert f"| {', '.join(map(str, holding))} |" in readme


def test_no_run_of_eight_words_occurs_in_two_responses(rows):
    assert runs_in_several([row["response"] for row in rows], SHARED_RUN) == []


def test_shared_runs_are_found_across_case_and_punctuation_but_not_within_one_text():
    texts = ["One two, three four. Nine", "zero ONE two three\nfour", "six six six six six"]
    assert runs_in_several(texts, 4) == ["one two three four"]
    assert runs_in_several(texts, 5) == []
