"""Blind and revealed verdicts and decoys: by hand, in general, and from recorded events."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marked_studies import database, featured, made, work
from pair_tables import answer, pair_of

from itlim.annotation.agreement.verdicts import decoys_called_causal
from itlim.annotation.recording import AnnotationSession, sheets_of
from itlim.findings import MarkedPhrase
from itlim.findings.answers import SourceVerdict
from itlim.findings.judging import judging_findings
from itlim.findings.stored import people_marks
from itlim.store.studies import load_study
from tests.example_studies import event

NAME = "Tony and Maureen Wheeler"


def verdict(causal, *, decoy=False, blind=True):
    return SourceVerdict(is_causal=causal, is_decoy=decoy, is_blind=blind)


def phrase(*verdicts):
    return MarkedPhrase(start=0, stop=2, verdicts=verdicts)


def found_in(*phrases_of_answers):
    answers = [
        answer(f"r{n}", f"Q{n}", [("Hi", "unshifted", 0.0)], marks)
        for n, marks in enumerate(phrases_of_answers)
    ]
    return {one.finding_id: one for one in judging_findings(pair_of(*answers))}


def test_verdicts_by_hand():
    found = found_in(
        [
            phrase(verdict(True), verdict(False), verdict(True, decoy=True)),
            phrase(verdict(False), verdict(True, blind=False)),
        ],
        [phrase(verdict(False), verdict(False, decoy=True), verdict(False, decoy=True))],
        [phrase(verdict(False, decoy=True, blind=False))],
    )
    # Blind: three phrases, of which the first has a causal verdict.
    assert (found["causal_blind"].value, found["causal_blind"].n) == (pytest.approx(100 / 3), 3)
    assert (found["causal_revealed"].value, found["causal_revealed"].n) == (100, 1)
    assert (found["candidates_causal"].value, found["candidates_causal"].n) == (40, 5)
    assert (found["decoys_causal"].value, found["decoys_causal"].n) == (25, 4)


def test_without_verdicts_each_number_says_what_is_missing():
    found = found_in([phrase()])
    assert all(one.value is None for one in found.values())
    assert "before seeing the model" in found["causal_blind"].missing
    assert "No decoy" in found["decoys_causal"].missing


VERDICTS = st.lists(st.builds(verdict, st.booleans(), decoy=st.booleans(), blind=st.booleans()))


@given(st.lists(st.lists(VERDICTS, max_size=3), min_size=1, max_size=6))
def test_every_verdict_counts_once_and_decoys_change_no_causal_share(verdicts):
    phrases = [[phrase(*one) for one in of_answer] for of_answer in verdicts]
    found = found_in(*phrases)
    flat = [one for of_answer in verdicts for of_phrase in of_answer for one in of_phrase]
    assert found["candidates_causal"].n + found["decoys_causal"].n == len(flat)
    real = [
        [phrase(*(one for one in of_phrase if not one.is_decoy)) for of_phrase in of_answer]
        for of_answer in verdicts
    ]
    for name in ("causal_blind", "causal_revealed", "candidates_causal"):
        assert found[name].value == found_in(*real)[name].value


def test_the_reveal_separates_verdicts_and_decoys_are_those_of_the_agreement(tmp_path, monkeypatch):
    """The decoys of the agreement report are the oracle."""
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path))
    (item,) = made(tmp_path, featured_only=True)
    with database(tmp_path) as store:
        work(store, item, "ann", (NAME, "not_factual"))

        def record(kind, **payload):
            session = AnnotationSession(
                store=store, study=load_study(store, "dogs"), item=item, annotator="ann"
            )
            one = replace(event(kind, item, "ann", **payload), study_id="dogs")
            session.record([one], base=session.sheet().version)

        def judge(instance, chosen, retriever="tracer"):
            record("judge", span_id="ann-0", instance_id=instance, verdict=chosen,
                   retriever=retriever, rank=1, rationale="")  # fmt: skip

        judge("demo-156", "causal")
        judge("demo-9", "causal", "decoy")
        judge("demo-7", "coincidental")
        record("reveal")
        judge("demo-7", "causal")
        judge("demo-8", "coincidental", "decoy")
        (mark,) = people_marks(store)[featured()]
        assert sorted((one.is_causal, one.is_decoy, one.is_blind) for one in mark.verdicts) == [
            (False, True, False),
            (True, False, False),
            (True, False, True),
            (True, True, True),
        ]
        share = decoys_called_causal(
            {item.item_id: {"ann": sheets_of(store, "dogs")[item.item_id, "ann"]}}
        )
    one = answer("a", "Q", [("Hi", "unshifted", 0.0)], [mark])
    found = {one.finding_id: one for one in judging_findings(pair_of(one))}
    assert (found["decoys_causal"].value, found["decoys_causal"].n) == (100 * share.value, share.n)
    assert (found["causal_blind"].n, found["causal_revealed"].n) == (1, 1)
