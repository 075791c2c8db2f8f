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
    (path,) = folder.iterdir()
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(out)
    assert (DATA / "real" / "findings" / path.name).exists(), "the shipped findings are stale"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--runs", DATA, "--db", "x.duckdb"), "either --db or --runs"),
        (("--runs", DATA), "has no runs.parquet"),
        (("--runs", DATA / "real" / "runs", "--pair", "nobody"), "It has answers of"),
        (("--runs", DATA / "real" / "runs", "--tag", "task: x"), "has no tags.parquet"),
    ],
)
def test_impossible_requests_say_what_is_wrong(itlim, arguments, message):
    code, _, err = itlim("findings", *arguments)
    assert code == 2
    assert message in err
