"""Cases and answers are read back unchanged; nothing is overwritten."""

from dataclasses import replace

import pytest
from example_counterfactuals import case, counterfactual
from hypothesis import given, settings
from hypothesis import strategies as st

from itlim.errors import NotFoundError
from itlim.records import Judged, JudgedQuestion
from itlim.store.connection import Store
from itlim.store.counterfactuals import (
    counterfactuals_of,
    judge,
    load_case,
    save_case,
    save_counterfactual,
)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "itlim.duckdb") as opened:
        yield opened


def test_a_case_is_read_back_unchanged_as_its_first_version(store):
    saved = save_case(store, case())
    assert saved == replace(case(), version=1)
    assert load_case(store, saved.case_id) == saved


def test_only_changed_content_creates_a_new_version(store):
    save_case(store, case())
    assert save_case(store, case(changed_by="bea")).version == 1
    edited = save_case(store, case(concept="other words"))
    assert (edited.version, load_case(store, edited.case_id).concept) == (2, "other words")
    with store.reading() as cursor:
        rows = cursor.execute("SELECT version, concept FROM counterfactual_cases").fetchall()
    assert sorted(rows) == [(1, case().concept), (2, "other words")]


def test_the_error_for_an_unknown_case_states_possible_causes(store):
    with pytest.raises(NotFoundError, match="another machine"):
        load_case(store, "nothing")


@pytest.mark.parametrize("borrowed", [None, (), counterfactual(1).borrowed])
def test_an_answer_is_read_back_unchanged(store, borrowed):
    made = counterfactual(1, borrowed=borrowed, max_new_tokens=None)
    save_counterfactual(store, made)
    save_counterfactual(store, replace(made, author="somebody else"))
    (row,) = counterfactuals_of(store, made.case_id)
    assert row.counterfactual == made
    assert (row.answer_correct, row.is_kept) == (None, True)


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 2]), st.sampled_from(JudgedQuestion), st.sampled_from(Judged)
        ),
        max_size=12,
    )
)
def test_the_latest_judgment_counts_for_each_answer_and_question(tmp_path_factory, said):
    with Store(tmp_path_factory.mktemp("judged") / "itlim.duckdb") as store:
        for number in (2, 1):
            save_counterfactual(store, counterfactual(number))
        for number, question, answer in said:
            judge(store, counterfactual(number).counterfactual_id, question, answer, by="ann")
        rows = counterfactuals_of(store, case().case_id)
    assert [row.counterfactual.run_id for row in rows] == ["run-1", "run-2"]
    for number, row in enumerate(rows, start=1):
        last = {question: answer for one, question, answer in said if one == number}
        assert row.answer_correct == last.get(JudgedQuestion.ANSWER_CORRECT)
        assert row.meaning_preserved == last.get(JudgedQuestion.MEANING_PRESERVED)
        assert row.is_kept == (last.get(JudgedQuestion.KEPT) != Judged.NO)
