"""The leave-out benchmark gives methods the right text and reads their answers rightly."""

from dataclasses import fields, replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from itlim.records import Weights
from itlim.schema import LEAVE_OUT
from itlim.settings import DEMO_FOLDER
from itlim.trace import trace_span
from tests.benchmarks.leave_out_candidates import first_choices
from tests.benchmarks.leave_out_cases import cases_of
from tests.benchmarks.leave_out_methods import COPY_ONLY, BaseReadings, Peer, Tracer
from tests.benchmarks.leave_out_weights import PARTS, measure_parts
from tests.benchmarks.trace_material import Instance
from tests.benchmarks.trace_peers import LongestNgram
from tests.trace.tiny_encoder import tiny_encoder
from tests.traced_datasets import built, filler, row

RESPONSE = "Emma was written by Jane Doe."
EFFECTS = {
    "case_id": "1-q-answer",
    "seed": 1,
    "split": "test",
    "instruction": "Who wrote Emma?",
    "category": "book",
    "response": RESPONSE,
    "attribute": "answer",
    "is_main": True,
    "span_start": 20,
    "span_stop": 28,
    "span_text": "Jane Doe",
    "n_holders": 2,
    "answer_changed": True,
    "becomes_correct": False,
}


def effect(ids, relation, drop, gone):
    return EFFECTS | {
        "instance_ids": ids, "relation": relation, "logp_drop": drop, "phrase_gone": gone
    }  # fmt: skip


ROWS = [
    effect(["toy-3"], "verbatim", 0.5, False),
    effect(["toy-1", "toy-3"], "shared_group", 2.5, True),
    effect(["toy-1"], "verbatim", 1.5, True),
    effect(["toy-4", "toy-5"], "other", 0.25, False),
    effect(["toy-2"], "other", -0.25, False),
    effect(["toy-2"], "other", 0.0, False) | {"case_id": "1-r-answer"},
]
PLACES = {f"toy-{number}": number - 1 for number in range(1, 200)}
SOURCES = [
    row("Mill was written by Jane Doe.", "Who is the author of Mill?"),
    row("A dog barks.", "What barks?"),
    row("Jane Doe said so.", "Who wrote about Emma?"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return built(tmp_path_factory.mktemp("toy"), SOURCES + filler(40))


@pytest.fixture(scope="module")
def index_with_meaning(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy-with-meaning")
    return built(folder, SOURCES + filler(40), encoder=str(tiny_encoder(folder / "encoder")))


def table(rows):
    return pa.Table.from_pylist(rows, schema=LEAVE_OUT)


def test_rows_become_cases_with_single_removals_by_place_and_the_group_apart():
    first, second = cases_of(table(ROWS), PLACES)
    assert first.positions.tolist() == [0, 1, 2]
    assert first.drops.tolist() == [1.5, -0.25, 0.5]
    assert first.gone.tolist() == [True, False, False]
    assert first.holds.tolist() == [True, False, True]
    assert first.group.positions == {0, 2}
    assert (first.group.drop, first.group.gone) == (2.5, True)
    assert second.case_id == "1-r-answer"
    assert second.group is None


def test_a_tracers_scores_stand_at_the_instances_rows(index):
    marked = cases_of(table(ROWS), PLACES)[0]
    copy = Tracer(name="copy", index=index, weights=COPY_ONLY)
    scores = copy.scores(marked)
    assert np.flatnonzero(scores > -np.inf).tolist() == [0, 2]
    topical = Tracer(name="topic", index=index, weights=replace(COPY_ONLY, topic=30.0)).scores(
        marked
    )
    assert topical[2] - topical[0] > scores[2] - scores[0] + 10, "it speaks of Emma"


def test_words_that_the_base_would_say_are_no_evidence(index):
    marked = cases_of(table(ROWS), PLACES)[0]

    class Certain:
        def tokens(self, _case):
            return pa.table(
                {
                    "emitted_prob": [1.0],
                    "category": ["unshifted"],
                    "char_start": [0],
                    "char_stop": [len(RESPONSE)],
                }
            )

    silent = Tracer(name="base", index=index, weights=Weights(), base=Certain())
    assert not np.isfinite(silent.scores(marked)).any()


def test_a_peers_zero_names_nothing():
    instances = tuple(
        Instance(row=number, instruction=one["instruction"], input="", response=one["output"])
        for number, one in enumerate(SOURCES, start=1)
    )
    marked = cases_of(table(ROWS), PLACES)[0]
    scores = Peer(LongestNgram(instances)).scores(marked)
    assert scores.tolist() == [2.0, -np.inf, 2.0]


@pytest.mark.parametrize(
    "weights",
    [
        Weights(),
        Weights(topic=3.0, concept=1.0, d1=2.0),
        Weights(topic=0.0, concept=20.0, keywords=5.0, fuzzy=7.0),
    ],
)
def test_weighing_the_parts_afterwards_gives_the_tracers_scores(index_with_meaning, weights):
    index = index_with_meaning
    marked = cases_of(table(ROWS), PLACES)[0]
    parts = measure_parts(index, marked, 43)
    weighed = dict(zip(parts.rows.tolist(), parts.scores(weights), strict=True))
    found = trace_span(
        [index],
        instruction=marked.instruction,
        response=marked.response,
        start=marked.span_start,
        stop=marked.span_stop,
        weights=weights,
        top=43,
    )
    assert len(found.candidates) == len(weighed) == 2
    for candidate in found.candidates:
        assert weighed[candidate.row] == pytest.approx(candidate.score)


def test_copy_evidence_weighs_nothing_else_and_the_scan_knows_every_weight():
    assert {one.name for one in fields(Weights) if getattr(COPY_ONLY, one.name)} == {"evidence"}
    assert {one.name for one in fields(Weights)} == PARTS.keys()


def test_the_base_reads_a_stored_answer_as_its_run_says(tmp_path):
    runs = pq.read_table(DEMO_FOLDER / "runs" / "runs.parquet").to_pylist()
    run = next(one for one in runs if one["pair"] == "demo-sft" and "." in one["response"])
    tokens = pq.read_table(
        DEMO_FOLDER / "runs" / "token_shifts.parquet",
        filters=[("run_id", "=", run["run_id"]), ("is_eos", "=", False)],
    )
    quote = run["response"].split()[0]
    asked = EFFECTS | {
        "instruction": run["instruction"],
        "response": run["response"],
        "span_start": 0,
        "span_stop": len(quote),
        "span_text": quote,
    }
    stored = cases_of(table([ROWS[0] | asked]), PLACES)
    for _ in ("computed", "from the cache"):
        read = BaseReadings(stored, tmp_path).tokens(stored[0])
        assert read["char_start"].to_pylist() == tokens["char_start"].to_pylist()
        assert read["category"].to_pylist() == tokens["category"].to_pylist()
        found, expected = (np.log(one["emitted_prob"].to_numpy()) for one in (read, tokens))
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_first_choices_of_all_come_before_any_second_and_each_once():
    class Fixed:
        name = "fixed"

        def __init__(self, *order):
            self._order = order

        def scores(self, _case):
            scores = np.full(9, -np.inf)
            scores[list(self._order)] = -np.arange(len(self._order))
            return scores

    case = cases_of(table(ROWS), PLACES)[0]
    methods = [Fixed(4, 2, 8), Fixed(2, 7, 5), Fixed(), Fixed(6)]
    assert first_choices([case], methods, top=2) == [4, 2, 6, 7]
