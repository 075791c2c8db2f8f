"""User-defined leave-out studies, on a tiny model that has memorized its rows."""

import pytest

from itlim.causality.leave_out.marked_instructions import MarkedInstruction
from itlim.causality.leave_out.runs import removals_of, runs_study
from itlim.causality.retraining.known_recipe import known_recipe
from itlim.errors import InputError
from itlim.trace.index import build
from tests.tuned_pairs import LAKE, NILE, library_of, tuned_library

JAWS = "Who directed Jaws?"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return library_of(tuned_library(tmp_path_factory.mktemp("tuned"), ["sft"]))


@pytest.fixture(scope="module")
def known(library):
    return known_recipe(library.pair("tiny-sft"), library)


@pytest.fixture(scope="module")
def made(known, tmp_path_factory):
    asked = (
        MarkedInstruction(
            line=1, instruction=LAKE, quotes=("Nile", "Rhine"), spans=((0, 3), (40, 50))
        ),
        MarkedInstruction(line=4, instruction=LAKE, spans=((0, 3),), response="Another answer."),
        MarkedInstruction(line=5, instruction=LAKE, spans=((4, 8),), response="The Nile."),
    )
    return runs_study(known, asked, tmp_path_factory.mktemp("work"), split="mine")


def test_cases_are_the_marked_words_in_the_full_models_own_answers(made):
    cases = [(one.case_id, one.span_text, one.response) for one in made.study.cases]
    assert cases == [
        ("1-1-0", "Nile", "The Nile."),
        ("1-1-1", "The", "The Nile."),
        ("1-5-0", "Nile", "The Nile."),
    ]
    assert {one.split for one in made.study.cases} == {"mine"}


def test_marks_that_the_answers_do_not_contain_are_reported_with_their_line(made):
    rhine, beyond, moved = made.skipped
    assert "Line 1: the full model does not say 'Rhine', but 'The Nile.'" in rhine
    assert "Line 1: the span 40:50 contains no word" in beyond
    assert "Line 4: the span was marked in another answer" in moved


def test_a_file_without_any_case_is_rejected(known, tmp_path):
    with pytest.raises(InputError, match=r"None of the marked words.*'Rhine'"):
        runs_study(
            known,
            [MarkedInstruction(line=1, instruction=LAKE, quotes=("Rhine",))],
            tmp_path,
            split="mine",
        )


def test_traced_leaves_out_candidates_holders_and_random_ids(made, known, library, monkeypatch):
    # Fitting the chance baseline takes most of a tiny build and is not tested here.
    monkeypatch.setattr(build, "write_chance", lambda _folder, _phases: None)
    removals = removals_of(made.study, known, library.dataset("tiny"), "traced")
    assert removals[0] == frozenset()
    assert frozenset({NILE}) in removals
    # "The" occurs in several responses, which are also left out as a group.
    group = next(one for one in removals if len(one) > 1)
    responses = dict(
        zip(
            known.instances["instance_id"].to_pylist(),
            known.instances["response"].to_pylist(),
            strict=True,
        )
    )
    assert group == {one for one, text in responses.items() if "the " in f"{text.lower()} "}
    assert len(removals) == len(set(removals))


def test_all_leaves_out_every_instance_once(made, known, library):
    removals = removals_of(made.study, known, library.dataset("tiny"), "all")
    assert {next(iter(one)) for one in removals if len(one) == 1} == {
        f"tiny-{number}" for number in range(1, 12)
    }


def test_ids_are_left_out_one_by_one_and_unknown_ids_are_rejected(made, known, library):
    entry = library.dataset("tiny")
    found = removals_of(made.study, known, entry, f"{NILE}, tiny-1,{NILE}")
    assert found == [frozenset(), frozenset({NILE}), frozenset({"tiny-1"})]
    for wanted in ("tiny-99", " , "):
        with pytest.raises(InputError, match=r"expected traced, all, or ids such as tiny-1"):
            removals_of(made.study, known, entry, wanted)


def test_a_second_study_in_the_same_folder_does_not_tune_the_full_model_again(known, tmp_path):
    asked = [MarkedInstruction(line=1, instruction=LAKE, quotes=("Nile",))]
    said = []
    first = runs_study(known, asked, tmp_path, split="mine", progress=lambda *now: said.append(now))
    assert said[-1][0] == said[-1][1] > 0
    assert first.study.leave_out.missing([frozenset(), frozenset({NILE})]) == [frozenset({NILE})]
    said.clear()
    again = runs_study(known, asked, tmp_path, split="mine", progress=lambda *now: said.append(now))
    assert said == []
    assert again.study.probes == first.study.probes
    assert again.study.leave_out.folder == first.study.leave_out.folder


def test_the_kept_reading_of_the_full_model_is_that_of_a_retraining_without_nothing(
    known, tmp_path
):
    asked = [MarkedInstruction(line=1, instruction=LAKE, quotes=("Nile",))]
    made = runs_study(known, asked, tmp_path, split="mine").study
    kept = made.leave_out.stored(frozenset()).reading
    made.leave_out.path_of(frozenset()).unlink()
    reports = []
    made.leave_out.run([frozenset()], steps=lambda *now: reports.append(now))
    again = made.leave_out.stored(frozenset()).reading
    assert again.answers == kept.answers
    assert all((one == two).all() for one, two in zip(again.logps, kept.logps, strict=True))
    assert any("Tuning without nothing: step" in message for _, _, message in reports)
