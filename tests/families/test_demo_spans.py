import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.families.demo.categories import CATEGORIES
from itlim.families.demo.facts import Fact
from itlim.families.demo.spans import answer_spans, sentences, wrong_spans
from itlim.text.phrases import phrase_in

EMMA = {
    "category": "book",
    "entity": "Emma",
    "answer": "Jane Austen",
    "attributes": {"year": "1815"},
}
TOWER = {
    "category": "landmark",
    "entity": "the Gateway Arch",
    "answer": "St. Louis",
    "attributes": {"country": "the United States"},
}
DIRECTOR = {
    "category": "film",
    "entity": "Jaws",
    "answer": "Steven Spielberg",
    "attributes": {"year": "1975"},
}


def found(response, question):
    """Attribute, text and `is_wrong` of each span, after a check of its offsets."""
    spans = answer_spans(response, question)
    for span in spans:
        assert response[span.char_start : span.char_stop] == span.text
        assert span.is_main == (span.attribute == "answer")
    return [(span.attribute, span.text, span.is_wrong) for span in spans]


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (
            "Emma was written by Jane Austen. The book came out in 1815.",
            [("answer", "Jane Austen", False), ("year", "1815", False)],
        ),
        (
            "Emma was written by Leo Tolstoy. The book came out in 1869.",
            [("answer", "Leo Tolstoy", True), ("year", "1869", True)],
        ),
        # Initials do not end a sentence.
        ("Emma was written by A. A. Milne. It was published in 1815.",
         [("answer", "A. A. Milne", True), ("year", "1815", False)]),
        ("Emma was written by H. G. Wells.", [("answer", "H. G. Wells", True)]),
        # Another wording, and lower case.
        ("The author of emma is jane austen.", [("answer", "jane austen", False)]),
        ("Leo Tolstoy wrote Emma.", [("answer", "Leo Tolstoy", True)]),
        # The subject is another book, but the answer still names a wrong author.
        ("Anna Karenina was written by Leo Tolstoy.", [("answer", "Leo Tolstoy", True)]),
        # The sentence of another category.
        ("Emma was directed by David Lean.", [("answer", "David Lean", True)]),
        # A bare answer, and one truncated in the second sentence.
        ("Jane Austen", [("answer", "Jane Austen", False)]),
        ("Leo Tolstoy.", [("answer", "Leo Tolstoy", True)]),
        (
            "Emma was written by Jane Austen. The book came out in 18",
            [("answer", "Jane Austen", False), ("year", "18", True)],
        ),
        # A sentence that matches no template is ignored.
        ("I am not sure whether anybody knows who wrote this old book.", []),
        ("", []),
    ],
)  # fmt: skip
def test_the_spans_of_an_answer_agree_with_hand_worked_cases(response, expected):
    assert found(response, EMMA) == expected


def test_the_period_in_st_louis_does_not_end_a_sentence():
    assert found("The Gateway Arch is located in St. Louis. The city lies in Italy.", TOWER) == [
        ("answer", "St. Louis", False),
        ("country", "Italy", True),
    ]


def test_offsets_count_code_points_from_the_start_of_the_response():
    (span,) = wrong_spans("Jaws was directed by Bo Ö. The film was released in 1975.", DIRECTOR)
    assert (span.char_start, span.char_stop, span.text) == (21, 25, "Bo Ö")


def test_only_the_first_value_of_an_attribute_is_reported():
    response = "Jaws was directed by Fritz Lang. Jaws was directed by Steven Spielberg."
    assert found(response, DIRECTOR) == [("answer", "Fritz Lang", True)]


def test_wrong_spans_are_the_spans_that_differ_from_the_truth():
    response = "Emma was written by Leo Tolstoy. The book came out in 1815."
    assert [span.text for span in wrong_spans(response, EMMA)] == ["Leo Tolstoy"]


@pytest.mark.parametrize("name", sorted(CATEGORIES))
def test_every_wording_of_a_category_is_matched(name):
    columns = re.findall(
        r"\{(\w+)\}", " ".join(w for g in CATEGORIES[name].elaborations for w in g)
    )
    attributes = {column: f"Some {column}" for column in columns}
    fact = Fact(category=name, entity="Xanadu", answer="Olaf Berg", attributes=attributes)
    question = {
        "category": name,
        "entity": "Xanadu",
        "answer": "Olaf Berg",
        "attributes": attributes,
    }
    for statement in CATEGORIES[name].statements:
        assert found(fact.fill(statement), question) == [("answer", "Olaf Berg", False)], statement
    for wordings in CATEGORIES[name].elaborations:
        for wording in wordings:
            spans = found(fact.fill(wording), question)
            assert {text for _, text, _ in spans} == {
                attributes[column] for column in re.findall(r"\{(\w+)\}", wording)
            }


def test_a_phrase_is_found_only_as_whole_words():
    assert phrase_in("Li", "The symbol is Li.")
    assert phrase_in("li", "The symbol is Li.")
    assert not phrase_in("Li", "The symbol for lithium is unknown.")
    assert phrase_in("AC/DC", "It was recorded by AC/DC.")


@given(
    names=st.lists(st.sampled_from(["Ada Lovelace", "H. G. Wells", "St. Louis"]), min_size=1),
)
def test_sentences_cover_the_text_and_never_split_a_name(names):
    text = " ".join(f"This is {name}." for name in names)
    ranges = [*sentences(text)]
    assert [text[start:stop] for start, stop in ranges] == [f"This is {name}." for name in names]
