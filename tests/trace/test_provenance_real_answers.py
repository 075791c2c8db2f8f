"""Answers of a model tuned on Alpaca point to Alpaca; needs `../shared/datasets`."""

from pathlib import Path

import pytest

from itlim.library import DatasetEntry
from itlim.trace import build_index
from itlim.trace.provenance.answers import read_answers
from itlim.trace.provenance.compare import compare_datasets

DATASETS = Path(__file__).resolve().parents[3] / "shared" / "datasets"
CANDIDATES = ("alpaca-52k", "dolly-15k", "lima-1k", "code-alpaca-2k")
CONTROLS = ("gpt-3.5-turbo", "claude-2", "medinstruct-test")


@pytest.mark.full
def test_alpaca_comes_first_for_a_model_tuned_on_it(tmp_path, monkeypatch):
    answers = DATASETS / "medinstruct-test"
    needed = [DATASETS / f"{name}.jsonl" for name in CANDIDATES]
    missing = [path for path in (answers, *needed) if not path.exists()]
    if missing:
        pytest.skip(f"NOT TESTED: {missing[0]} is missing; see CONTRIBUTING.md")
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path))
    indexes = [
        build_index(
            DatasetEntry(name=path.stem, path=path), tmp_path / path.stem, lexical_only=True
        )
        for path in needed
    ]
    controls = [read_answers(answers / f"{name}.jsonl") for name in CONTROLS]
    tuned = read_answers(answers / "alpaca-13b-llama-2.jsonl")
    found = compare_datasets(indexes, tuned, controls)
    assert found.n == 216
    assert found.datasets[0].dataset == "alpaca-52k"
    assert found.datasets[0].p < 0.01
    assert all(one.p > 0.05 for one in found.datasets[1:])
    assert found.datasets[0].m_minus_decoy == max(one.m_minus_decoy for one in found.datasets)
    for number, control in enumerate(controls):
        others = [*controls[:number], *controls[number + 1 :]]
        assert all(one.p > 0.05 for one in compare_datasets(indexes, control, others).datasets)
