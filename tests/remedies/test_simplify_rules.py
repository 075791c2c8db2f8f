"""The offline simplifier: hand-worked cases of each rule, and what holds for any text."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.errors import InputError
from itlim.remedies.simplify_rules import PLAIN_WORDS, SimplifyRules, simplified
from itlim.settings import PROJECT_FOLDER

RULES = SimplifyRules()
LIMA = PROJECT_FOLDER.parent / "shared" / "datasets" / "lima-1k.jsonl"
LISTED = "Some are:\n- a. More of a.\n  - nested\n- b\n- c\n- d\nThat is all. Or not. Or so."
WORD = re.compile(r"\w+")


@pytest.mark.parametrize(
    ("instruction", "response", "expected"),
    [
        ("Q?", "Sure! Great question! A cat.", "A cat."),
        ("Q?", "Here are some ideas:\n- walk\n- run", "- walk\n- run"),
        ("Q?", "As an AI language model, I have no cat.", "I have no cat."),
        ("Q?", "A cat. I hope this helps! Let me know if you want more.", "A cat."),
        ("Q?", "It is important to note that cats sleep.", "Cats sleep."),
        ("Q?", "In order to win, utilize it.", "To win, use it."),
        ("Q?", 'He said "in order to" prior to it.', 'He said "in order to" before it.'),
        ("Q?", "One. Two. Three.", "One. Two."),
        (
            "Q?",
            "Dr. No is a film. It is from 1962. It is fun.",
            "Dr. No is a film. It is from 1962.",
        ),
        ("Q?", LISTED, "Some are:\n- a.\n- b\n- c\nThat is all."),
        ("Name four.", LISTED, "Some are:\n- a.\n- b\n- c\n- d\nThat is all."),
        ("List all.", LISTED, "Some are:\n- a.\n- b\n- c\n- d\nThat is all."),
        ("Q?", "One. Two. Some are:\nThree.", "One. Two."),
        ("Q?", "# Title\n\nOne.\n\n# Other\n\nTwo.", "# Title\n\nOne."),
        ("Name the 4 seas.", "Red\nDead\nNorth\nBlack\nWhite", "Red\nDead\nNorth\nBlack"),
        ("Q?", "One. Two. Three:\nred\ndead\n", "One. Two."),
        ("Q?", "They are:\n\nred\ndead\nnorth\nblack", "They are:\n\nred\ndead\nnorth"),
        ("Q?", "One.\nTwo.\nThree.", "One.\nTwo."),
        ("Q?", "Sure!", "Sure!"),
        ("Q?", "The Nile.", "The Nile."),
        ("Q?", "", ""),
    ],
)
def test_each_rule_gives_what_is_worked_out_by_hand(instruction, response, expected):
    assert simplified(instruction, response, RULES) == expected


@pytest.mark.parametrize(
    ("instruction", "response"),
    [
        ("Write a poem.", "Sure! One. Two. Three."),
        ("Summarize this.", "Sure! One. Two. Three."),
        ("What does this function do?", "Sure! One. Two. Three."),
        ("Q?", "Sure! One.\n```\nx\n```\nTwo. Three."),
        ("Q?", "| a | b |\n| 1 | 2 |\nOne. Two. Three. Four."),
    ],
)
def test_what_figure_10_leaves_alone_stays_as_it_is(instruction, response):
    assert simplified(instruction, response, RULES) == response


def test_the_numbers_of_sentences_and_items_are_settings():
    assert simplified("Q?", "One. Two. Three.", SimplifyRules(sentences=1)) == "One."
    assert simplified("Q?", "- a\n- b\n- c", SimplifyRules(items=1)) == "- a"
    with pytest.raises(InputError, match="sentences is 0"):
        SimplifyRules(sentences=0)


def test_plain_words_are_shorter_and_contain_no_long_phrase():
    for long, plain in PLAIN_WORDS.items():
        assert len(plain) < len(long)
        assert plain not in PLAIN_WORDS


def check_nothing_is_invented(instruction, response, rules):
    found = simplified(instruction, response, rules)
    assert len(found) <= len(response)
    assert bool(found.strip()) == bool(response.strip())
    assert simplified(instruction, found, rules) == found, "simplified once is simplified"
    allowed = {
        word for text in (response, *PLAIN_WORDS.values()) for word in WORD.findall(text.lower())
    }
    assert set(WORD.findall(found.lower())) <= allowed
    return found


PIECES = st.sampled_from(
    [
        "Sure! ", "Here are ideas:\n", "In order to ", "note that ", "Cats sleep. ", "utilize ",
        ":", "\n", "\n\n", "- ", "1. ", "  - ", "# ", '"', "Dr. ", "I hope this helps!", "ſ", "İ",
        "…", "a number of ", "As an AI, ", "?", " ", "\t", "。",
    ]
)  # fmt: skip


def test_a_letter_whose_capital_is_another_letter_stays():
    assert simplified("Q?", "Sure! ſo it is.", SimplifyRules()) == "ſo it is."
    assert simplified("Q?", "Sure! so it is.", SimplifyRules()) == "So it is."


@given(
    st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=14).map("".join),
    st.sampled_from(["Q?", "Name two.", "List all."]),
    st.integers(1, 3),
)
def test_any_text_gets_shorter_never_empty_and_without_new_words(response, instruction, n):
    check_nothing_is_invented(instruction, response, SimplifyRules(sentences=n, items=n))


@pytest.mark.skipif(not LIMA.exists(), reason="no LIMA in ../shared/datasets")
def test_lima_gets_at_most_60_percent_as_long_without_new_words():
    rows = [json.loads(line) for line in LIMA.read_text(encoding="utf-8").split("\n") if line][:300]
    before = after = 0
    for row in rows:
        before += len(row["output"])
        after += len(check_nothing_is_invented(row["instruction"], row["output"], RULES))
    assert after < 0.6 * before
