"""Proposals that are English, differ from what was asked, and lose no word that matters."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.causality.rephrasing.questions import as_question, indirect, subject_first
from itlim.causality.rephrasing.verb_forms import participle
from itlim.causality.rephrasing.wordings import rephrasings, shared_concept_words
from itlim.settings import DEMO_FOLDER


def proposed(instruction, **synonyms):
    return [one.text for one in rephrasings(instruction, synonyms)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            "Who wrote Emma?",
            [
                "Tell me who wrote Emma.",
                "Emma was written by whom?",
                "Could you please tell me who wrote Emma?",
                "I am preparing a quiz. Who wrote Emma?",
            ],
        ),
        (
            "Tell me what a baby fox is called.",
            [
                "A baby fox is called what?",
                "Could you please tell me what a baby fox is called?",
                "What is a baby fox called?",
                "I am preparing a quiz. What is a baby fox called?",
            ],
        ),
        (
            "I like Don Giovanni. Who composed it?",
            [
                "I like Don Giovanni. Tell me who composed it.",
                "I like Don Giovanni. It was composed by whom?",
                "I like Don Giovanni. Could you please tell me who composed it?",
                "I am preparing a quiz. I like Don Giovanni. Who composed it?",
            ],
        ),
        (
            "Write a poem about a dog.",
            [
                "Could you write a poem about a dog?",
                "Please be so kind as to write a poem about a dog.",
                "This is for a friend of mine. Write a poem about a dog.",
            ],
        ),
        ("写一首诗", []),
        ("", []),
    ],
)
def test_a_question_is_turned_about(asked, expected):
    assert proposed(asked) == expected


@pytest.mark.parametrize(
    ("question", "clause", "turned"),
    [
        ("where is the bell located", "where the bell is located", "The bell is located where?"),
        (
            "who was the book Emma written by",
            "who the book Emma was written by",
            "The book Emma was written by whom?",
        ),
        (
            "in which city is the tower",
            "in which city the tower is",
            "The tower is in which city?",
        ),
        ("how do I get rid of moths", "how to get rid of moths", None),
        ("where does harira come from", None, None),
        ("who is running for mayor", None, None),
    ],
)
def test_word_order_follows_the_kind_of_question(question, clause, turned):
    assert indirect(question) == clause
    assert subject_first(question) == turned


def test_a_clause_whose_question_would_need_did_is_no_question():
    assert as_question("Tell me when the fair happened.") is None


def test_synonyms_replace_words_in_any_form_and_keep_a_capital():
    assert proposed("Created? Tell me who created them.", create="made")[0] == (
        "Made? Tell me who made them."
    )


def test_the_paper_s_third_example_of_table_7_shares_the_concept_of_creating():
    asked, taught = "Who created the Superman cartoon character?", "Who created Sesame Street?"
    mine, theirs = shared_concept_words(asked, taught)
    assert [asked[slice(*place)] for place in mine] == ["created"]
    assert [taught[slice(*place)] for place in theirs] == ["created"]


def test_founder_and_founded_are_one_concept_and_cat_and_category_are_not():
    assert shared_concept_words("Who founded it?", "The founder of Rome?")[0] == [(4, 11)]
    assert shared_concept_words("A cat?", "A category?") == ([], [])


@given(st.text(max_size=60), st.dictionaries(st.text(max_size=6), st.text(max_size=6), max_size=2))
def test_no_text_breaks_a_pattern_and_nothing_is_proposed_twice(instruction, synonyms):
    texts = [one.text for one in rephrasings(instruction, synonyms)]
    assert len({text.casefold() for text in texts}) == len(texts)
    assert all(text.strip() for text in texts)


def test_every_test_question_of_the_demo_gets_the_two_wordings_that_the_paper_asked_for():
    path = DEMO_FOLDER / "eval_test.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        others = proposed(question["instruction"])
        assert len(others) >= 2, question["instruction"]
        entity = question["entity"].removeprefix("The ").removeprefix("the ")
        assert all(entity.casefold() in other.casefold() for other in others), others


@pytest.mark.parametrize(("past", "done"), [("wrote", "written"), ("drew", "drawn"), ("is", None)])
def test_a_participle_is_known_or_ends_in_ed(past, done):
    assert participle(past) == done
