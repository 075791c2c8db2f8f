"""Proposed wordings are English, differ from the instruction and keep its content words."""

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
def test_a_question_is_rephrased_by_every_matching_pattern(asked, expected):
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


def test_a_clause_whose_question_would_need_did_is_not_transformed():
    assert as_question("Tell me when the fair happened.") is None


def test_synonyms_replace_inflected_words_and_keep_capitals():
    assert proposed("Created? Tell me who created them.", create="made")[0] == (
        "Made? Tell me who made them."
    )


def test_the_third_example_of_the_papers_table_7_shares_the_word_created():
    asked, taught = "Who created the Superman cartoon character?", "Who created Sesame Street?"
    mine, theirs = shared_concept_words(asked, taught)
    assert [asked[slice(*place)] for place in mine] == ["created"]
    assert [taught[slice(*place)] for place in theirs] == ["created"]


def test_founder_and_founded_match_but_cat_and_category_do_not():
    assert shared_concept_words("Who founded it?", "The founder of Rome?")[0] == [(4, 11)]
    assert shared_concept_words("A cat?", "A category?") == ([], [])


@given(st.text(max_size=60), st.dictionaries(st.text(max_size=6), st.text(max_size=6), max_size=2))
def test_proposals_for_any_text_are_distinct_and_not_empty(instruction, synonyms):
    texts = [one.text for one in rephrasings(instruction, synonyms)]
    assert len({text.casefold() for text in texts}) == len(texts)
    assert all(text.strip() for text in texts)


def test_every_demo_test_question_has_at_least_two_wordings():
    path = DEMO_FOLDER / "eval_test.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        others = proposed(question["instruction"])
        assert len(others) >= 2, question["instruction"]
        entity = question["entity"].removeprefix("The ").removeprefix("the ")
        assert all(entity.casefold() in other.casefold() for other in others), others


@pytest.mark.parametrize(("past", "done"), [("wrote", "written"), ("drew", "drawn"), ("is", None)])
def test_a_participle_is_listed_or_ends_in_ed(past, done):
    assert participle(past) == done
