"""The findings by hand, against SQL, and on answers that lack something."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_tables import answer, pair_of, tokens_of
from traced_datasets import built, filler, row

from itlim.errors import InputError, NotFoundError, ShapeError
from itlim.findings import MarkedPhrase, findings_of
from itlim.findings.accuracy import accuracy_findings
from itlim.findings.estimates import clustered, ratio_estimate
from itlim.findings.imitation import moved_tokens
from itlim.findings.reading import read_folder
from itlim.findings.shift import shift_findings
from itlim.settings import DEMO_FOLDER, PROJECT_FOLDER

U, M, S = "unshifted", "marginal", "shifted"


def by_id(found):
    return {one.finding_id: one for one in found}


SENTENCE = [("It", S, 3.0), (" is", U, 1.0), (" so.", U, 0.5)]


def test_shift_by_hand():
    found = by_id(
        shift_findings(
            pair_of(
                # Two sentences: heads 3 and 1, rests (1 + 0.5) / 2 and none.
                answer("a", "Q1", [*SENTENCE, (" Yes.", M, 1.0)]),
                answer("b", "Q2", [("No", U, 0.0), (" way", U, 0.1)]),
            )
        )
    )  # fmt: skip
    assert found["kl_mean"].value == pytest.approx(5.6 / 6)
    assert (found["kl_mean"].n, found["kl_mean"].n_responses) == (6, 2)
    assert found["share_shifted"].value == pytest.approx(100 / 6)
    assert found["share_marginal"].value == pytest.approx(100 / 6)
    assert found["share_unshifted"].value == pytest.approx(400 / 6)
    assert found["kl_head"].value == pytest.approx((3 + 1 + 0) / 3)
    assert found["kl_rest"].value == pytest.approx((0.75 + 0.1) / 2)
    assert found["kl_first_head"].value == pytest.approx((3 + 0) / 2)
    assert found["base_rank_mean"].value == pytest.approx((7 + 1 + 1 + 2 + 1 + 1) / 6)
    assert found["share_shifted"].cases[0] == "a", "the run that contributes most comes first"


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    source = row("Lonely Planet was founded by Tony Wheeler.", "Who founded Lonely Planet?")
    return built(tmp_path_factory.mktemp("findings"), [*filler(), source])


def test_marked_phrases_by_hand(index):
    tokens = [("Toyota", U, 0.0), (" was", U, 0.0), (" founded", M, 1.0), (" by", U, 0.1),
              (" Tony", S, 2.0), (" Wheeler", U, 0.2), (" Quixote", M, 0.4)]  # fmt: skip
    response = "".join(text for text, _, _ in tokens)
    found_one = response.index("Tony"), response.index(" Quixote")
    other = response.index("Quixote"), len(response)
    marks = [MarkedPhrase(start=start, stop=stop) for start, stop in (found_one, other)]
    found = by_id(
        findings_of(pair_of(answer("a", "Who founded Toyota?", tokens, marks), index=index))
    )
    assert (found["phrase_in_it"].value, found["phrase_in_it"].n) == (50, 2)
    # Two-word stretches before the marks: "toyota was" is not there, "was found", "found by" are;
    # single words: toyota is not, was, found and by are.
    assert found["unmarked_in_it"].value == pytest.approx(100 * (2 / 3 + 3 / 4) / 2)
    # Tokens in marks: Tony (shifted), Wheeler, Quixote (marginal).
    assert found["marked_shifted_or_marginal"].value == pytest.approx(200 / 3)
    assert found["marked_shifted_or_marginal_found"].value == pytest.approx(50)
    assert (found["shifted_in_it"].value, found["shifted_in_it"].n) == (100, 1)
    assert (found["marginal_in_it"].value, found["marginal_in_it"].n) == (50, 2)
    assert found["unshifted_in_it"].value == pytest.approx(75)
    assert found["keyword_presence"].n == 1, "only a phrase with a candidate has a source"
    assert found["causal_share"].value is None
    assert "Nobody has judged" in found["causal_share"].missing
    assert found["phrase_in_it"].paper_value == 72
    assert found["phrase_in_it"].marks == "gold"


def test_judged_phrases_give_the_causal_share_and_the_papers_number_of_the_tuning(index):
    tokens = [("Tony", U, 0.0), (" Wheeler", U, 0.0), (" again", U, 0.0)]
    marks = [
        MarkedPhrase(start=0, stop=12, cause="toy-151", is_judged=True),
        MarkedPhrase(start=13, stop=18, is_judged=True),
        MarkedPhrase(start=0, stop=4),
    ]
    one = answer("a", "Who?", tokens, marks)
    for tuning, paper in (("SFT", 87), ("LFT", 13.9), ("", None)):
        found = by_id(findings_of(pair_of(one, index=index, tuning=tuning)))["causal_share"]
        assert (found.value, found.n, found.paper_value) == (50, 2, paper)


def test_without_index_marks_or_tokens_a_finding_says_what_is_missing():
    bare = answer("a", "Q", [("Hi", U, 0.0)])
    found = by_id(findings_of(pair_of(bare)))
    assert found["phrase_in_it"].value is None
    assert "no index" in found["phrase_in_it"].missing
    assert "no index" in found["shifted_in_it"].missing
    no_tokens = pair_of(answer("a", "Q", []))
    assert by_id(findings_of(no_tokens))["kl_mean"].missing


def test_answers_without_tokens_count_only_where_no_token_is_needed(index):
    imported = replace(
        answer("a", "Q1", [("Tony Wheeler was here.", U, 0.0)], [MarkedPhrase(start=0, stop=12)]),
        tokens=tokens_of("a", [("x", U, 0.0)]).slice(0, 0),
    )
    found = by_id(findings_of(pair_of(imported, index=index)))
    assert (found["phrase_in_it"].value, found["phrase_in_it"].n) == (100.0, 1)
    for name in ("marked_shifted_or_marginal", "kl_mean", "share_shifted", "shifted_in_it"):
        assert found[name].value is None
        assert "has token measures" in found[name].missing
    measured = answer(
        "b", "Q2", [("Tony", S, 1.0), (" is.", M, 0.5)], [MarkedPhrase(start=0, stop=4)]
    )
    mixed = by_id(findings_of(pair_of(imported, measured, index=index)))
    assert (mixed["phrase_in_it"].n, mixed["marked_shifted_or_marginal"].n) == (2, 1)
    assert mixed["kl_mean"].n_responses == 1


def test_answers_to_one_instruction_are_drawn_together():
    counted = [(f"r{n}", f"Q{n // 2}", float(n % 2), 1.0) for n in range(40)]
    labels = {"finding_id": "x", "pair": "p", "claim": "c", "unit": "share", "of": "answers"}
    apart = [(run, run, *rest) for run, _, *rest in counted]
    together = ratio_estimate(counted, **labels)
    # Every instruction has one hit and one miss, so drawing instructions changes nothing.
    assert (together.value, together.ci_low, together.ci_high) == (0.5, 0.5, 0.5)
    alone = ratio_estimate(apart, **labels)
    assert alone.ci_low < 0.5 < alone.ci_high


def test_a_response_with_several_phrases_is_one_response_and_one_case():
    counted = [("a", "Q1", 1.0, 1.0), ("b", "Q2", 2.0, 2.0), ("a", "Q1", 1.5, 2.0)]
    found = ratio_estimate(counted, finding_id="x", pair="p", claim="c", unit="share", of="phrases")
    assert (found.value, found.n, found.n_responses) == (0.9, 5, 2)
    assert found.cases == ("a", "b"), "2.5 before 2"


def test_sums_need_one_row_per_key():
    with pytest.raises(ShapeError, match="2 rows for 1 keys"):
        clustered(["a"], np.zeros((2, 2)))


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 5), st.floats(0.5, 9)), min_size=1))
def test_a_ratio_is_that_of_the_sums(rows):
    counted = [(str(n), *one) for n, one in enumerate(rows)]
    found = ratio_estimate(
        counted, finding_id="x", pair="p", claim="c", unit="u", of="tokens", scale=100
    )
    assert found.value == pytest.approx(100 * sum(r[1] for r in rows) / sum(r[2] for r in rows))


def test_the_readme_has_the_numbers_of_the_findings_page():
    readme = (PROJECT_FOLDER / "README.md").read_text(encoding="utf-8")

    def cell(one, scale=1.0):
        value, low, high = (
            f"{scale * number:.3f}".removeprefix("0")
            for number in (one.value, one.ci_low, one.ci_high)
        )
        return f"{value} [{low}, {high}]"

    pairs = [read_folder(DEMO_FOLDER / "runs", name) for name in ("demo-lft", "demo-sft")]
    kl = [cell(by_id(shift_findings(pair))["kl_mean"]) for pair in pairs]
    right = [cell(by_id(accuracy_findings(pair))["accuracy"], 0.01) for pair in pairs]
    assert f"nats per token | 0 | {kl[0]} | {kl[1]} |" in readme
    assert f"| {right[0]} | {right[1]} |" in readme


def test_moved_tokens_are_counted_by_text_and_style_is_told_from_content():
    found = moved_tokens(
        [
            answer("a", "Q", [("The", S, 1.0), (" Nile", M, 1.0), (" the", U, 0.0)]),
            answer("b", "Q", [(" Nile", S, 1.0), (",", M, 0.1), (" flows", U, 0.0)]),
        ]
    )
    assert [(one.text, one.n_shifted, one.n_marginal) for one in found] == [
        ("Nile", 1, 1),
        (",", 0, 1),
        ("The", 1, 0),
    ]
    assert {one.text: one.is_style for one in found} == {"Nile": False, ",": True, "The": True}


def test_a_folder_without_the_pair_or_the_files_says_so(tmp_path):
    with pytest.raises(InputError, match=r"no runs\.parquet"):
        read_folder(tmp_path, "demo-sft")
    with pytest.raises(NotFoundError, match="It has answers of"):
        read_folder(DEMO_FOLDER / "runs", "nobody")


def test_lengths_and_first_marks_by_hand(index):
    long = [("One", U, 0.0), (" two", U, 0.0), (" three", U, 0.0), (" four", U, 0.0)]
    marks = [MarkedPhrase(start=8, stop=13), MarkedPhrase(start=14, stop=18)]
    found = by_id(
        findings_of(
            pair_of(answer("a", "Q", long, marks), answer("b", "Q2", long[:1]), index=index)
        )
    )
    assert (found["answer_words"].value, found["answer_words"].n) == (2.5, 2)
    assert (found["marked_answer_words"].value, found["marked_answer_words"].n) == (4, 1)
    assert found["first_mark_at"].value == pytest.approx(100 * 8 / 18)
    # 150 filler responses of 14 words, and one of 7.
    tuning = found["tuning_response_words"]
    assert tuning.value == pytest.approx((150 * 14 + 7) / 151)
    assert (tuning.n, tuning.cases) == (151, ())
