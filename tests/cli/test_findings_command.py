"""The command `findings` on shipped runs, as a user runs it."""

import json

import pytest

from itlim.settings import PROJECT_FOLDER

DATA = PROJECT_FOLDER / "data"
IDS = {
    "kl_mean", "share_shifted", "share_marginal", "kl_head", "kl_rest", "shifted_in_it",
    "marginal_in_it", "phrase_in_it", "marked_shifted_or_marginal", "causal_share",
    "d1_similarity", "keyword_presence",
}  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path))


def test_every_claim_is_printed_as_json_with_its_interval_and_the_papers_number(itlim):
    code, out, _ = itlim(
        "findings", "--runs", DATA / "real" / "runs", "--pair", "real-lft", "--json"
    )
    assert code == 0
    found = {one["finding_id"]: one for one in json.loads(out)}
    assert set(found) >= IDS
    kl = found["kl_mean"]
    assert kl["ci_low"] < kl["value"] < kl["ci_high"]
    assert "avg(kl_tuned_base)" in kl["query"]
    assert found["shifted_in_it"]["paper_value"] == 81.2
    assert found["causal_share"]["value"] is None
    assert found["causal_share"]["paper_value"] == 13.9


@pytest.mark.full
def test_on_the_demo_all_claims_but_the_judged_one_have_values(itlim):
    code, out, _ = itlim(
        "findings", "--runs", DATA / "demo" / "runs", "--pair", "demo-sft", "--json"
    )
    assert code == 0
    found = {one["finding_id"]: one for one in json.loads(out)}
    assert {name for name in IDS if found[name]["value"] is None} == {"causal_share"}


def test_findings_that_are_kept_are_those_that_are_printed(itlim, tmp_path):
    folder = tmp_path / "kept"
    arguments = ("findings", "--runs", DATA / "real" / "runs", "--pair", "real-lft")
    code, out, _ = itlim(*arguments, "--keep", folder, "--json")
    assert code == 0
    printed = [one for one in json.loads(out) if not one["finding_id"].startswith("left_out_")]
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    kept = sorted(map(json.loads, texts.values()), key=len)
    assert [*kept[1], *kept[0]] == printed, "studies are read each time"
    assert [one["finding_id"] for one in kept[0]] == ["borrowed_base"]
    shipped = {path.name for path in (DATA / "real" / "findings").iterdir()}
    assert set(texts) <= shipped, "the shipped findings are stale"


def test_two_variants_add_the_cases_of_figure_6(itlim):
    names = ("demo-sft-1_8", "demo-sft-1_2")
    pairs = [part for name in names for part in ("--pair", name)]
    code, out, _ = itlim("findings", "--runs", DATA / "demo" / "variants", *pairs, "--json")
    assert code == 0
    found = [one for one in json.loads(out) if one["pair"] == "demo-sft-1_8 vs demo-sft-1_2"]
    cases = [one for one in found if one["finding_id"].startswith("outcome_")]
    assert {one["n"] for one in cases} == {272}
    assert sum(one["value"] for one in cases) == pytest.approx(100)
    assert {"same_words", "same_words_right"} < {one["finding_id"] for one in found}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--runs", DATA, "--db", "x.duckdb"), "either --db or --runs"),
        (("--runs", DATA), "has no runs.parquet"),
        (("--runs", DATA / "real" / "runs", "--pair", "nobody"), "It has answers of"),
        (("--runs", DATA / "real" / "runs", "--tag", "task: x"), "passes the filters"),
        (("--runs", DATA / "real" / "runs", "--dataset", "x"), "None of real-sft, real-lft was"),
        (("--min-words", "5", "--max-words", "4"), "may not be above"),
    ],
)
def test_impossible_requests_say_what_is_wrong(itlim, arguments, message):
    code, _, err = itlim("findings", *arguments)
    assert code == 2
    assert message in err


def test_answers_are_limited_to_a_range_of_words_and_pairs_to_their_dataset(itlim):
    """Ranges that do not overlap divide the answers."""
    folder = ("findings", "--runs", DATA / "demo" / "runs", "--dataset", "demo", "--json")
    n = {}
    for name, limits in {
        "all": (), "short": ("--max-words", "6"), "long": ("--min-words", "7"),
    }.items():  # fmt: skip
        code, out, _ = itlim(*folder, "--pair", "demo-lft", *limits)
        assert code == 0
        found = {one["finding_id"]: one for one in json.loads(out)}
        n[name] = found["answer_words"]["n"]
        assert {one["pair"] for one in found.values()} == {"demo-lft"}
    assert n["short"] + n["long"] == n["all"]
    assert min(n.values()) > 0
