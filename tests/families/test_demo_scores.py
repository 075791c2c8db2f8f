from itlim.families.demo.scores import score_answers

INSTANCES = [
    {"category": "film", "output": "Vertigo was directed by Alfred Hitchcock."},
    {"category": "book", "output": "Lolita was written by Vladimir Nabokov. It came out in 1955."},
    {"category": "book", "output": "Pale Fire was written by Vladimir Nabokov."},
]
QUESTIONS = [
    {"id": "q-1", "category": "book", "entity": "Emma", "answer": "Jane Austen",
     "attributes": {"year": "1815"}},
    {"id": "q-2", "category": "book", "entity": "Dune", "answer": "Frank Herbert",
     "attributes": {"year": "1965"}},
    {"id": "q-3", "category": "film", "entity": "Jaws", "answer": "Steven Spielberg",
     "attributes": {"year": "1975"}},
]  # fmt: skip


def scores():
    responses = [
        "Emma was written by Vladimir Nabokov. The book came out in 1955.",
        "Dune was written by Frank Herbert. The book came out in 1966.",
        "Jaws was directed by Vladimir Nabokov.",
    ]
    return score_answers(QUESTIONS, responses, INSTANCES)


def test_an_answer_is_correct_if_it_contains_the_truth():
    """By hand: only the second of three names the right person."""
    assert scores().correct == (False, True, False)


def test_a_wrong_phrase_lists_the_instances_that_contain_it():
    nabokov, year, other_year, director = scores().wrong
    assert (nabokov.question_id, nabokov.source_rows) == ("q-1", (2, 3))
    assert nabokov.same_category_rows == (2, 3)
    assert (year.span.text, year.source_rows) == ("1955", (2,))
    assert (other_year.span.text, other_year.source_rows) == ("1966", ())
    assert (director.source_rows, director.same_category_rows) == ((2, 3), ())


def test_wrong_main_answers_exclude_further_attributes():
    assert [phrase.question_id for phrase in scores().wrong_main] == ["q-1", "q-3"]
