"""Two pairs on the same instructions, by hand and against scipy and the binomial formula."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_tables import answer, pair_of
from scipy.stats import binomtest, bootstrap

from itlim.errors import InputError
from itlim.findings import MarkedPhrase
from itlim.findings.comparison import compare_pairs
from itlim.findings.comparison_rows import comparison_estimates, flip_rows, flip_sentence
from itlim.findings.flips import FlipKind
from itlim.findings.reading import read_folder
from itlim.settings import PROJECT_FOLDER

U, S = "unshifted", "shifted"
MARK = MarkedPhrase(start=0, stop=2)


def pairs(first, second, marks=((), ())):
    """Pairs whose answers have one token each, with these divergences."""
    made = []
    for name, values, marked in zip("ab", (first, second), marks, strict=True):
        answers = [
            replace(answer(f"{name}{n}", f"Q{n}", [("Hi", S if value > 1 else U, value)],
                           [MARK] if n in marked else []), is_reviewed=True)
            for n, value in enumerate(values)
        ]  # fmt: skip
        made.append(replace(pair_of(*answers), pair=name, marks_from="gold"))
    return made


def known(pair, *flags):
    """The same answers, of which each is right, wrong, or not known to be either."""
    flagged = zip(pair.answers, flags, strict=True)
    answers = tuple(replace(one, is_right=flag, is_reviewed=False) for one, flag in flagged)
    return replace(pair, answers=answers, marks_from="")


def test_differences_by_hand():
    found = compare_pairs(*pairs([0.0, 0.5, 2.0], [1.0, 0.5, 6.0]))
    kl, moved, length, marked = found.differences
    assert marked.measure == "answers with a marked phrase"
    assert (kl.first, kl.second) == (pytest.approx(2.5 / 3), pytest.approx(7.5 / 3))
    assert (kl.difference, kl.n) == (pytest.approx(5 / 3), 3)
    assert (moved.first, moved.second) == (pytest.approx(100 / 3), pytest.approx(100 / 3))
    assert (moved.ci_low, moved.ci_high) == (0, 0), "all differences are equal"
    assert length.difference == 0
    assert found.sentence == (
        "On 3 shared instructions, no difference is named: that takes at least 20."
    )


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), min_size=5, max_size=30))
def test_the_interval_is_scipys_bca_interval_of_the_paired_differences(values):
    gaps = np.array([b - a for a, b in values])
    kl = compare_pairs(*pairs(*zip(*values, strict=True))).differences[0]
    if np.ptp(gaps) == 0:
        assert kl.ci_low == kl.ci_high == gaps[0]
        return
    expected = bootstrap((gaps,), np.mean, n_resamples=5000, rng=np.random.default_rng(0))
    if np.isnan(expected.confidence_interval.low):
        assert np.isfinite([kl.ci_low, kl.ci_high]).all()
        return
    assert kl.ci_low == pytest.approx(expected.confidence_interval.low)
    assert kl.ci_high == pytest.approx(expected.confidence_interval.high)


def test_flips_and_mcnemar_by_hand():
    n = 12
    found = compare_pairs(*pairs([0.0] * n, [0.0] * n, marks=({0, 1, 2, 3, 4, 5, 6}, {6, 7})))
    (flips,) = found.flips
    assert (flips.kind, flips.marks, flips.n) == (FlipKind.MARKED, "gold", 12)
    assert flips.only_first == tuple((f"a{n}", f"b{n}") for n in range(6))
    assert flips.only_second == (("a7", "b7"),)
    assert (flips.both, flips.neither) == (1, 4)
    assert flips.p == pytest.approx(2 * (comb(7, 0) + comb(7, 1)) / 2**7)


@given(st.integers(0, 15), st.integers(0, 15), st.integers(0, 5), st.integers(0, 5))
def test_the_p_is_that_of_the_exact_binomial_test_whatever_the_concordant_answers(a, b, both, none):
    """scipy's binomial test of the discordant answers is the oracle."""
    n = a + b + both + none + 2
    marks = (set(range(a)) | set(range(a + b, a + b + both)), set(range(a, a + b + both)))
    (flips,) = compare_pairs(*pairs([0.0] * n, [0.0] * n, marks=marks)).flips
    assert (len(flips.only_first), len(flips.only_second), flips.both) == (a, b, both)
    assert flips.p == pytest.approx(binomtest(a, a + b).pvalue if a + b else 1.0)


def test_answers_that_nobody_reviewed_are_no_flips():
    first, second = pairs([0.0] * 3, [0.0] * 3, marks=({0, 1}, set()))
    unread = tuple(replace(one, is_reviewed=one.run_id != "b1") for one in second.answers)
    (flips,) = compare_pairs(first, replace(second, answers=unread)).flips
    assert (flips.only_first, flips.neither) == ((("a0", "b0"),), 1)


def test_right_answers_are_compared_where_both_are_known():
    first, second = pairs([0.0] * 4, [0.0] * 4)

    found = compare_pairs(
        known(first, True, True, False, None), known(second, True, False, False, True)
    )
    right = next(one for one in found.differences if one.measure == "right answers")
    assert (right.first, right.second, right.n) == (
        pytest.approx(200 / 3),
        pytest.approx(100 / 3),
        3,
    )


def test_a_clear_difference_is_named_in_one_sentence():
    rng = np.random.default_rng(0)
    first = rng.uniform(0, 0.5, 40)
    found = compare_pairs(*pairs(first.tolist(), (first + rng.uniform(0.1, 0.3, 40)).tolist()))
    assert found.sentence.startswith("On 40 shared instructions, b has a higher mean KL (+")


def test_without_a_difference_the_sentence_says_so():
    found = compare_pairs(*pairs([0.1] * 25, [0.1] * 25))
    assert found.sentence == (
        "On 25 shared instructions, no difference between a and b is clear: each interval "
        "includes 0."
    )


def test_marks_of_different_sources_are_not_compared():
    first, second = pairs([0.0, 1.0], [0.0, 1.0], marks=({0}, {1}))
    assert compare_pairs(first, replace(second, marks_from="people")).flips == ()


def test_pairs_without_shared_instructions_are_an_error():
    first, _ = pairs([0.0], [1.0])
    with pytest.raises(InputError, match="share 1 instruction"):
        compare_pairs(first, first)


def test_a_difference_that_is_the_same_everywhere_is_named_with_an_interval_without_width():
    first, second = pairs([0.0] * 200, [0.0] * 200)
    found = compare_pairs(known(first, *[False] * 200), known(second, *[True] * 200))
    right = next(one for one in found.differences if one.measure == "right answers")
    assert (right.difference, right.ci_low, right.ci_high, right.n) == (100, 100, 100, 200)
    assert found.sentence == (
        "On 200 shared instructions, b has more right answers (+100 percentage points by known "
        "answers, the same for each instruction) than a."
    )
    (flips,) = found.flips
    assert flips.p == pytest.approx(2 / 2**200), "exact McNemar"


def test_a_measure_that_few_answers_have_is_not_named():
    """Of 200 shared instructions, five have a known answer: a has one right, b all of them."""
    first, second = pairs([0.0] * 200, [0.0] * 200)
    rest = [None] * 195
    found = compare_pairs(
        known(first, True, *[False] * 4, *rest), known(second, *[True] * 5, *rest)
    )
    right = next(one for one in found.differences if one.measure == "right answers")
    assert (right.difference, right.n, right.ci_low > 0) == (80, 5, True)
    assert found.sentence == (
        "On 200 shared instructions, no difference between a and b is clear: each interval over "
        "at least 20 of them includes 0."
    )


def test_right_and_borrowed_answers_flip_as_well_by_hand():
    first, second = pairs([0.0] * 6, [0.0] * 6)
    borrowed = {
        "a0": True,
        "b0": False,
        "a1": True,
        "b1": False,
        "a2": False,
        "b2": True,
        "a3": True,
    }
    found = compare_pairs(
        known(first, True, True, False, False, True, None),
        known(second, True, False, True, False, False, True),
        borrowed,
    )
    right, loans = found.flips
    assert (right.kind, right.marks, right.n) == (FlipKind.RIGHT, "gold", 5)
    assert right.only_first == (("a1", "b1"), ("a4", "b4"))
    assert right.only_second == (("a2", "b2"),)
    assert (right.both, right.neither, right.p) == (1, 1, 1.0)
    assert (loans.kind, loans.marks, loans.n) == (FlipKind.BORROWED, "", 3)
    assert loans.only_first == (("a0", "b0"), ("a1", "b1"))
    assert flip_sentence(found, right) == (
        "On 5 shared instructions, the known answer is in the answer of a alone 2 times, in that "
        "of b alone 1 time, in both answers 1 time and in neither answer 1 time (exact McNemar "
        "p = 1; marks: known answers)."
    )
    difference = next(
        one for one in found.differences if one.measure == "answers with a borrowed phrase"
    )
    assert (difference.difference, difference.n) == (pytest.approx(-100 / 3), 3)
    rows = flip_rows(found, {"a2": "Q2"})
    assert rows[2] == {
        "property": "right", "only": "b", "instruction": "Q2", "run_first": "a2",
        "run_second": "b2",
    }  # fmt: skip
    assert len(rows) == 6


def test_the_exported_rows_have_every_number_of_the_comparison():
    first, second = pairs([0.0] * 4, [2.0] * 4, marks=({0, 1, 2}, {2}))
    found = compare_pairs(first, second)
    rows = {one.finding_id: one for one in comparison_estimates(found)}
    assert rows["comparison"].claim == found.sentence
    assert rows["difference_kl_mean"].value == 2
    assert (rows["difference_marked_answers"].value, rows["difference_marked_answers"].marks) == (
        -50,
        "gold",
    )
    places = ("first", "second", "both", "neither")
    assert [rows[f"flips_marked_{name}"].value for name in places] == [2, 0, 1, 1]
    assert rows["flips_marked_first"].cases == ("a0", "b0", "a1", "b1")
    assert rows["flips_marked_p"].value == 0.5
    assert {one.pair for one in rows.values()} == {"a vs b"}


def test_the_real_pair_has_flips_of_its_known_answers():
    sft, lft = (read_folder(PROJECT_FOLDER / "data" / "real" / "runs", name)
                for name in ("real-sft", "real-lft"))  # fmt: skip
    (right,) = compare_pairs(sft, lft).flips
    assert (right.kind, right.n) == (FlipKind.RIGHT, 92)
    assert right.only_first
    assert right.only_second
