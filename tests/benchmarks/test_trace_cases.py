"""Constructed borrowings: the span is where the foreign text is, and the right rows are right."""

import random
from dataclasses import replace

import pytest

from tests.benchmarks.trace_cases import KINDS, build_cases, fingerprint
from tests.benchmarks.trace_material import DATASETS, Host, Instance, Material, load_material
from tests.benchmarks.trace_noise import noisy
from tests.benchmarks.trace_splices import make_clause, make_entity, make_shared, whole_sentence
from tests.benchmarks.trace_text import EntityFinder, sentences, words

HOST = Host(
    prompt_id=3,
    split="test",
    model="tulu-2-dpo-7b",
    instruction="Which birds live near the river?",
    response=(
        "Many birds live near the river Thames. In summer the old town of Reading "
        "sees herons and swans every morning. They feed on fish until 1995 or later. "
        "Visitors like to watch them from the narrow wooden bridges."
    ),
    task_types=frozenset(),
)
TEXTS = [
    (
        "Which birds sing?",
        "The nightingale of Zanzibar sings from dusk until the morning.",
    ),
    (
        "Where do birds go?",
        "Storks fly over Gibraltar when the autumn winds begin to blow.",
    ),
    ("Name a river.", "A river near Gibraltar is the small Guadarranque with its muddy birds."),
    (
        "Where do birds go?",
        "Storks fly over Gibraltar when the autumn winds begin to blow.",
    ),
    ("What is bread?", "Bread in Zanzibar and in Timbuktu is made from flour, water and salt."),
    ("Who was first?", "In 1066 king Harold was first, near Timbuktu, as the birds say."),
]


def material(texts=TEXTS):
    instances = tuple(
        Instance(row=row, instruction=instruction, input="", response=response)
        for row, (instruction, response) in enumerate(texts, start=1)
    )
    return Material(
        instances, (HOST, replace(HOST, split="dev", prompt_id=2, instruction="Which river birds?"))
    )


def test_a_clause_stands_in_its_place_and_the_host_around_it_stays():
    found = make_clause(HOST, material().instances[1], material(), random.Random(1))
    marked = found.response[found.start : found.stop]
    (clause,) = found.copied
    assert clause in TEXTS[1][1]
    assert len(set(words(marked)) & set(words(clause))) >= 3
    assert words(marked) != words(clause)
    assert HOST.response.startswith(found.response[: sentences(HOST.response)[0][1]])
    assert found.truth == {2, 4}, "the exact duplicate is as right"


def test_an_entity_replaces_one_of_its_type_and_nothing_else_changes():
    source = material().instances[5]
    for seed in range(8):
        found = make_entity(HOST, source, material(), random.Random(seed))
        marked = found.response[found.start : found.stop]
        after = len(found.response) - found.stop
        removed = HOST.response[found.start : len(HOST.response) - after]
        assert found.response[: found.start] == HOST.response[: found.start]
        assert marked in source.response
        assert removed == "1995" if marked == "1066" else removed in {"Thames", "Reading"}
        assert found.n_holders == sum(marked in response for _, response in TEXTS)


def test_a_shared_name_has_exactly_n_holders_of_different_content():
    source = material().instances[0]
    found = make_shared(2)(HOST, source, material(), random.Random(0))
    assert found.copied == ("Zanzibar",)
    assert found.truth == {1, 5}
    assert make_shared(3)(HOST, source, material(), random.Random(0)) is None
    # Gibraltar stands in three responses, two of them exact duplicates.
    assert make_shared(3)(HOST, material().instances[1], material(), random.Random(0)) is None


def test_a_name_asked_for_elsewhere_is_not_shared_by_its_answerers_alone():
    texts = [*TEXTS, ("How is the weather in Zanzibar?", "It is hot and it rains in spring.")]
    assert (
        make_shared(2)(HOST, material(texts).instances[0], material(texts), random.Random(0))
        is None
    )


def test_the_whole_sentence_holds_the_entity():
    splice = make_entity(HOST, material().instances[5], material(), random.Random(0))
    wide = whole_sentence(splice)
    assert wide.start <= splice.start < splice.stop <= wide.stop
    assert wide.response[wide.start : wide.stop].endswith(".")
    assert sum(wide.response[wide.start : wide.stop].count(mark) for mark in ".!?") == 1


def test_noise_changes_the_clause_but_keeps_pieces_of_it():
    clause = "storks fly over Gibraltar when the autumn winds begin to blow"
    for seed in range(50):
        changed = words(noisy(clause, HOST.response, random.Random(seed)))
        assert changed != words(clause)
        assert set(changed) <= set(words(clause)) | set(words(HOST.response))
        assert len(set(changed) & set(words(clause))) >= 2


def test_sentences_end_at_marks_and_lines_but_not_after_list_numbers():
    text = "1. Ann B. Smith came. She left!\n- Then it rained"
    assert [text[start:stop] for start, stop in sentences(text)] == [
        "1. Ann B. Smith came.",
        "She left!",
        "- Then it rained",
    ]


def test_sentence_openers_are_not_names():
    finder = EntityFinder(
        ["We met Jim Henson in Paris. We saw the river.", "So the bread was in Paris."]
    )
    text = "The Jim Henson was born in 1936 near New Paris with 12,500 others. New Paris fell."
    assert [(one.text, one.type) for one in finder.find(text)] == [
        ("Jim Henson", "name"),
        ("1936", "year"),
        ("New Paris", "name"),
        ("12,500", "number"),
        ("Paris", "name"),
    ]
    assert all(text[one.start : one.stop] == one.text for one in finder.find(text))


def test_equal_calls_give_equal_cases_and_dev_spares_what_test_uses():
    test = build_cases(material(), "test", n=2)
    dev = build_cases(material(), "dev", n=2)
    assert fingerprint(test) == fingerprint(build_cases(material(), "test", n=2))
    assert {case.kind for case in test} >= {"entity", "entity_sentence"}
    assert not {row for case in test for row in case.truth} & {row for c in dev for row in c.truth}
    assert not {case.prompt_id for case in test} & {case.prompt_id for case in dev}


@pytest.mark.skipif(not DATASETS.exists(), reason=f"LOUD: no datasets in {DATASETS}")
@pytest.mark.full
def test_real_cases_are_many_and_disjoint():
    real = load_material()
    test, dev = build_cases(real, "test"), build_cases(real, "dev")
    for kind in KINDS:
        assert sum(case.kind == kind for case in test) >= 100
    assert not {row for case in test for row in case.truth} & {row for c in dev for row in c.truth}
    prompts = [{case.instruction for case in cases} for cases in (test, dev)]
    assert not prompts[0] & prompts[1]
