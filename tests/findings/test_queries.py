"""Queries under the numbers: run in the query box as they are, they give the shown number."""

import pytest
from example_runs import example_run
from traced_datasets import built, filler

from itlim.findings import findings_of
from itlim.findings.length import WordRange
from itlim.findings.likeness import likeness_findings
from itlim.findings.outcomes import marked_outcomes
from itlim.findings.positions import position_findings
from itlim.findings.shift import shift_findings
from itlim.findings.stored import read_store
from itlim.findings.style import style_findings
from itlim.library import load_library
from itlim.records import REPHRASED_ORIGIN
from itlim.store.batches import tags_by_run
from itlim.store.connection import Store
from itlim.store.query import export_views, run_query
from itlim.store.runs import save_run
from itlim.store.shipped import load_shipped_runs

FAMILIES = load_library().families.values()


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The database of a first start, and its views."""
    folder = tmp_path_factory.mktemp("queries")
    with Store(folder / "x.duckdb") as store:
        load_shipped_runs(store, [family.runs for family in FAMILIES])
        export_views(store, folder / "views.duckdb")
        yield store, folder / "views.duckdb"


def read(store, pair, index=None):
    return read_store(
        store,
        pair,
        index,
        gold=[family.gold for family in FAMILIES],
        questions=[family.questions for family in FAMILIES],
    )


def check(views, found):
    """Run each query; returns the numbers that one gave, and those whose units one listed."""
    given, listed = set(), set()
    for one in found:
        if not one.query:
            assert one.value is None or one.finding_id == "tuning_response_words", one.finding_id
            continue
        result = run_query(views, one.query)
        rows = result.rows
        if rows.num_columns == 1:
            (value,) = rows[0].to_pylist()
            assert value == pytest.approx(one.value), one.finding_id
            given.add(one.finding_id)
            continue
        assert one.query.startswith("-- "), "a list says that it is one"
        if "position" not in rows.column_names:
            assert len(set(rows["run_id"].to_pylist())) == one.n_responses, one.finding_id
            assert set(one.cases) <= set(rows["run_id"].to_pylist())
        listed.add(one.finding_id)
    return given, listed


def test_every_query_of_the_demo_pair_gives_its_number_or_lists_its_answers(
    shipped, tmp_path_factory
):
    store, views = shipped
    index = built(tmp_path_factory.mktemp("index"), filler())
    first, second = read(store, "demo-sft", index), read(store, "demo-lft")
    about_both = [*marked_outcomes(first, second), *likeness_findings(first, second)]
    given, listed = check(views, [*findings_of(first), *about_both])
    assert {"kl_mean", "share_shifted", "first_divergence_at", "no_divergence"} < given
    assert {"answer_words", "marked_answer_words", "kl_by_token_1", "kl_by_share_0_10"} < given
    assert {"accuracy", "marked_answers", "phrase_in_it", "kl_head"} < listed
    assert {"shifted_in_it", "outcome_both", "same_words"} < listed


def test_numbers_about_tokens_are_those_of_their_queries_for_the_other_pair_as_well(shipped):
    store, views = shipped
    pair = read(store, "demo-lft")
    given, listed = check(views, [*shift_findings(pair), *position_findings(pair)])
    assert len(given) > 25
    assert listed == {"kl_head", "kl_rest", "kl_first_head", "kl_first_rest"}


def test_the_words_of_answers_in_any_script_are_counted_as_the_findings_do(shipped):
    store, views = shipped
    (words,) = [
        one for one in style_findings(read(store, "real-sft")) if one.finding_id == "answer_words"
    ]
    assert run_query(views, words.query).rows[0].to_pylist() == [pytest.approx(words.value)]


def test_a_query_of_tagged_answers_gives_the_number_of_the_tag(shipped):
    store, views = shipped
    tag = "topic: painting"
    tagged = {one for one, tags in tags_by_run(store).items() if tag in tags}
    whole = read(store, "demo-sft")
    some = whole.only(tagged, tag)
    assert 0 < len(some.answers) < len(whole.answers)
    kept = ("kl_mean", "share_shifted", "first_divergence_token", "answer_words")
    found = [*shift_findings(some), *position_findings(some), *style_findings(some)]
    given, _ = check(views, [one for one in found if one.finding_id in kept])
    assert given == set(kept)


def test_pasted_texts_and_rephrased_questions_are_left_out_by_the_query_as_well(tmp_path):
    with Store(tmp_path / "x.duckdb") as store:
        save_run(store, example_run("a" * 16, pair="Ann's", instruction="One?"))
        save_run(store, example_run("b" * 16, pair="Ann's", origin=REPHRASED_ORIGIN, response="Oh"))
        save_run(store, example_run("c" * 16, pair="Ann's", decoding="pasted", response="Oh no"))
        export_views(store, tmp_path / "views.duckdb")
        pair = read(store, "Ann's")
    assert [one.run_id for one in pair.answers] == ["a" * 16]
    given, _ = check(tmp_path / "views.duckdb", [*shift_findings(pair), *style_findings(pair)])
    assert {"kl_mean", "answer_words"} < given


def test_a_query_of_answers_of_some_length_counts_these_alone(shipped):
    store, views = shipped
    whole = read(store, "demo-sft")
    words = WordRange(shortest=6, longest=9)
    chosen = words.chosen({one.run_id: one.response for one in whole.answers})
    assert 0 < len(chosen) < len(whole.answers)
    limited = whole.only(chosen, words=words)
    given, _ = check(views, [*shift_findings(limited), *style_findings(limited)])
    assert "share_shifted" in given
