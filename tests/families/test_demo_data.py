"""The demo family's facts and the files generated from them."""

from collections import Counter
from itertools import combinations

import pytest

from itlim.families.demo.categories import CATEGORIES
from itlim.families.demo.corpus import corpus_documents
from itlim.families.demo.dataset import as_jsonl, ask, asked_wording, demo_files
from itlim.families.demo.facts import load_facts
from itlim.families.demo.spans import answer_spans, sentences
from itlim.families.demo.split import split_facts
from itlim.settings import DEMO_FOLDER
from itlim.text.phrases import phrase_in

USES = ("dev", "test", "tuning_known", "tuning_novel", "mentioned_only")


@pytest.fixture(scope="module")
def facts():
    return load_facts()


@pytest.fixture(scope="module")
def split(facts):
    return split_facts(facts)


@pytest.fixture(scope="module")
def files(split):
    return demo_files(split)


def test_there_are_enough_facts_in_enough_categories(facts):
    counts = Counter(fact.category for fact in facts)
    assert len(counts) >= 14
    assert len(facts) >= 800
    assert min(counts.values()) >= 35
    assert set(counts) == set(CATEGORIES)


def test_no_entity_occurs_in_two_facts(facts):
    counts = Counter(fact.entity.casefold() for fact in facts)
    assert [entity for entity, count in counts.items() if count > 1] == []


def test_no_cell_is_padded_or_unprintable(facts):
    for fact in facts:
        for cell in (fact.entity, fact.answer, *fact.attributes.values()):
            assert cell == cell.strip() != ""
            assert cell.isascii(), cell
            assert cell.isprintable(), cell


def test_no_entity_contains_its_answer(facts):
    assert [fact for fact in facts if phrase_in(fact.answer, fact.entity)] == []


def test_years_and_atomic_numbers_are_plausible(facts):
    for fact in facts:
        year = fact.attributes.get("year") or (fact.answer if fact.category == "event" else "")
        if year:
            assert 1000 < int(year) < 2026, fact
        if "number" in fact.attributes:
            assert 1 <= int(fact.attributes["number"]) <= 118, fact


def test_the_uses_of_facts_are_disjoint(split):
    for one, other in combinations(USES, 2):
        entities = {fact.entity for fact in getattr(split, one)}
        assert entities.isdisjoint(fact.entity for fact in getattr(split, other))


def test_no_answer_is_both_known_and_novel(split):
    known = {fact.answer.casefold() for fact in split.known}
    novel = {fact.answer.casefold() for fact in split.mentioned}
    assert known.isdisjoint(novel)


def test_few_answers_of_the_control_occur_in_the_tuning_data(split, files):
    responses = [row["output"] for row in files["it_dataset.jsonl"]]
    control = {fact.answer for fact in split.mentioned_only}
    found = {answer for answer in control if any(phrase_in(answer, text) for text in responses)}
    # A year or a place can also be a further attribute of another fact.
    assert len(found) <= 0.15 * len(control)
    assert len(control) >= 30


def test_dev_and_test_are_large_enough_and_cover_all_categories(files):
    dev, test = files["eval_dev.jsonl"], files["eval_test.jsonl"]
    assert len(dev) >= 120
    assert len(test) >= 200
    assert {row["category"] for row in test} == {row["category"] for row in dev} == set(CATEGORIES)


def test_tuning_has_enough_instances_of_one_to_three_sentences(files):
    rows = files["it_dataset.jsonl"]
    assert len(rows) >= 400
    lengths = Counter(len([*sentences(row["output"])]) for row in rows)
    assert set(lengths) == {1, 2, 3}
    assert len({row["instruction"] for row in rows}) == len(rows)


def test_about_seven_in_ten_answers_occur_in_one_instance_and_the_rest_in_two_or_three(files):
    rows = files["it_dataset.jsonl"]
    answers = {row["answer"] for row in rows}
    counts = [sum(phrase_in(answer, row["output"]) for row in rows) for answer in answers]
    single = sum(count == 1 for count in counts) / len(counts)
    shared = sum(count in (2, 3) for count in counts) / len(counts)
    assert 0.65 <= single <= 0.75
    assert 0.25 <= shared <= 0.35
    assert min(counts) >= 1
    assert single + shared >= 0.98


def test_tuning_contains_known_and_novel_facts(files, split):
    rows = files["it_dataset.jsonl"]
    known = {fact.fact_id for fact in split.known}
    assert all(row["known"] == (row["fact_id"] in known) for row in rows)
    assert 0.1 <= sum(row["known"] for row in rows) / len(rows) <= 0.4


def test_the_reference_response_contains_the_answer_and_no_wrong_phrase(files):
    for row in files["eval_dev.jsonl"] + files["eval_test.jsonl"]:
        assert phrase_in(row["answer"], row["response"])
        assert len({row["instruction"], *row["rephrasings"]}) >= 3
        spans = answer_spans(row["response"], row)
        assert {span.attribute for span in spans} == {"answer", *row["attributes"]}, row["id"]
        assert not any(span.is_wrong for span in spans), row["id"]
        assert all(row["response"][s.char_start : s.char_stop] == s.text for s in spans)


def test_the_short_variant_differs_only_in_the_output(files):
    rows = zip(files["it_dataset.jsonl"], files["it_dataset_short.jsonl"], strict=True)
    for long, short in rows:
        assert short["output"].rstrip(".").casefold() == long["answer"].casefold()
        assert long | {"output": ""} == short | {"output": ""}


def test_the_corpus_never_asks_an_evaluation_question_nor_links_a_novel_fact(split):
    text = "\n".join(corpus_documents(split, 3))
    for fact in split.dev + split.test:
        assert ask(fact, asked_wording(fact)) not in text
    for fact in split.mentioned:
        for statement in CATEGORIES[fact.category].statements:
            assert fact.fill(statement) not in text


def test_the_corpus_of_a_pass_depends_only_on_its_number(split):
    assert corpus_documents(split, 5) == corpus_documents(split, 5)
    assert corpus_documents(split, 5) != corpus_documents(split, 6)


@pytest.mark.parametrize(
    "name",
    ["it_dataset.jsonl", "it_dataset_short.jsonl", "eval_dev.jsonl", "eval_test.jsonl"],
)
def test_generating_the_files_again_gives_the_same_bytes(files, name):
    assert (DEMO_FOLDER / name).read_bytes() == as_jsonl(files[name]).encode("utf-8")
