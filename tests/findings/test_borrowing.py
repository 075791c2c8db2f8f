"""Borrowed phrases in right and other answers, and how many instances could be a source."""

from dataclasses import replace

import pytest
from pair_tables import answer, pair_of
from traced_datasets import built, filler, row

from itlim.findings import MarkedPhrase
from itlim.findings.base_control import base_control
from itlim.findings.borrowing import borrowing_findings
from itlim.findings.hallucination import found_phrases
from itlim.findings.reading import read_folder
from itlim.findings.sources import source_findings
from itlim.library import load_library
from itlim.settings import DEMO_FOLDER
from itlim.trace import build_index, trace_span
from itlim.trace.phrases import borrowed_phrases

SOURCE = "Lonely Planet was founded by Tony Wheeler."
U = "unshifted"


def by_id(found):
    return {one.finding_id: one for one in found}


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """150 filler instances, one with a name of its own, and two that share another name."""
    rows = [
        *filler(),
        row(SOURCE, "Who founded Lonely Planet?"),
        row("Acme was sold by Quentin Zebulon.", "Who sold Acme?"),
        row("Bolt was sold by Quentin Zebulon.", "Who sold Bolt?"),
    ]
    return built(tmp_path_factory.mktemp("borrowing"), rows)


def marked(run_id, text, quote):
    start = text.index(quote)
    return answer(run_id, f"Q {run_id}", [(text, U, 0.0)],
                  [MarkedPhrase(start=start, stop=start + len(quote))])  # fmt: skip


def test_instances_that_explain_a_phrase_equally_well_by_hand(index):
    pair = pair_of(
        marked("a", "Toyota was made by Tony Wheeler.", "Tony Wheeler"),
        marked("b", "Toyota was made by Quentin Zebulon.", "Quentin Zebulon"),
        marked("c", "Toyota was made by Xyzzy Plugh.", "Xyzzy Plugh"),
        index=index,
    )
    found = by_id(source_findings(pair, found_phrases(pair)))
    # One instance for the first phrase, two for the second, and no candidate for the third.
    assert (found["equal_sources"].value, found["equal_sources"].n) == (1.5, 2)
    assert found["equal_sources"].unit == "instances"
    assert (found["single_source"].value, found["single_source"].n) == (50, 2)
    traced = [
        trace_span([index], instruction=one.instruction, response=one.response,
                   start=one.marks[0].start, stop=one.marks[0].stop)
        for one in pair.answers[:2]
    ]  # fmt: skip
    assert [one.n_equivalent for one in traced] == [1, 2]


def test_a_known_cause_counts_as_the_source_only_where_the_trace_ranks_it(index):
    def caused(run_id, quote, cause):
        one = marked(run_id, f"Toyota was made by {quote}.", quote)
        return replace(one, marks=(replace(one.marks[0], cause=cause),))

    # The second cause ranks behind another instance, and the third is no candidate at all.
    pair = pair_of(
        caused("a", "Tony Wheeler", "toy-151"),
        caused("b", "Quentin Zebulon", "toy-153"),
        caused("c", "Tony Wheeler", "toy-1"),
        caused("d", "Quentin Zebulon", None),
        index=index,
    )
    found = by_id(source_findings(pair, found_phrases(pair)))
    for name in ("d1_similarity", "keyword_presence"):
        assert "the known cause for 2 of 4 phrases" in found[name].computed
        assert "a cause is known for 3" in found[name].computed


@pytest.fixture(scope="module")
def demo_index(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ITLIM_HOME", str(tmp_path_factory.mktemp("home")))
        yield build_index(load_library().dataset("demo"), lexical_only=True)


def test_borrowed_shares_count_right_wrong_and_other_answers_apart(demo_index):
    """The ranking of all phrases is the oracle: an answer counts if its first one is below .05."""
    whole = read_folder(DEMO_FOLDER / "runs", "demo-sft", demo_index)
    some = [one for one in whole.answers if one.marks][:25] + [
        one for one in whole.answers if not one.marks
    ][:25]
    tasks = ["qa", "summarization", ""]
    answers = [replace(one, task=tasks[n % 3]) for n, one in enumerate(some)]
    found = by_id(borrowing_findings(replace(whole, answers=tuple(answers))))

    def is_borrowed(one):
        phrases = borrowed_phrases([demo_index], instruction=one.instruction, response=one.response)
        return bool(phrases) and phrases[0].null_p < 0.05

    flags = {one.run_id: is_borrowed(one) for one in answers}
    assert 0 < sum(flags.values()) < len(flags)
    for name, chosen in (
        ("borrowed", answers),
        ("borrowed_wrong", answers[:25]),
        ("borrowed_right", answers[25:]),
        ("borrowed_other_tasks", [one for one in answers if one.task == "summarization"]),
    ):
        share = 100 * sum(flags[one.run_id] for one in chosen) / len(chosen)
        assert (found[name].value, found[name].n) == (pytest.approx(share), len(chosen)), name


def test_what_is_missing_is_said(index, demo_index):
    bare = answer("a", "Q", [("Hi", U, 0.0)])
    none = by_id(borrowing_findings(pair_of(bare)))
    assert "no index" in none["borrowed"].missing
    traced = by_id(borrowing_findings(pair_of(bare, index=demo_index)))
    assert traced["borrowed"].value == 0
    assert "known to be right" in traced["borrowed_right"].missing
    assert "other than questions" in traced["borrowed_other_tasks"].missing


def test_the_control_is_the_base_models_answers_to_the_same_instructions(tmp_path):
    """Of three answers of the base model, one is to another instruction and one borrows."""
    index = built(tmp_path / "index", [*filler(), row(SOURCE, "Who?")], with_chance=True)
    mine = [answer(letter * 16, f"Q{letter}", [("Yes.", U, 0.0)]) for letter in "12"]
    pair = pair_of(*mine, index=index)
    rows = [
        {"run_id": letter * 16, "instruction": asked, "input": "", "response": text}
        for letter, asked, text in (("a", "Q1", SOURCE), ("b", "Q2", "Yes."), ("c", "Q9", SOURCE))
    ]
    found = base_control(pair, rows, [tmp_path])
    assert (found.finding_id, found.pair, found.value, found.n) == (
        "borrowed_base", pair.pair, 50.0, 2,
    )  # fmt: skip
    assert base_control(pair, rows, [tmp_path]) == found, "it is kept"
    nothing = base_control(pair, [], [tmp_path])
    assert nothing.value is None
    assert "base model alone" in nothing.missing
