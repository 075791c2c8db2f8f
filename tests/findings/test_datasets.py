"""Profiles of datasets, likeness of answers, and lengths: by hand, in general, and from files."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pair_tables import answer, pair_of

from itlim.charts.lengths import LengthBox, length_boxes
from itlim.findings.library_pairs import library_answers
from itlim.findings.likeness import likeness_findings, shared_words
from itlim.findings.profiles import Lengths, dataset_profile, reported_parts
from itlim.findings.style import style_findings
from itlim.library import load_library
from itlim.schema import INSTANCES
from itlim.store.connection import Store


def instances(*rows):
    keys = ("instruction", "input", "response", "extra")
    filled = [
        dict(zip(keys, one, strict=True))
        | {"instance_id": f"d-{n}", "content_sha256": "", "dataset": "d", "source_line": n}
        for n, one in enumerate(rows)
    ]
    return pa.Table.from_pylist(filled, schema=INSTANCES)


def test_a_profile_by_hand():
    found = dataset_profile(
        "d",
        instances(
            ("Who are you?", "", "I am Ann.", '{"category": "qa", "topic": "people"}'),
            ("Who is she?", "Context.", "She.", '{"category": "qa"}'),
            ("Write a poem.", "", "No no no no no.", '{"category": "writing"}'),
        ),
    )
    assert (found.n, found.n_with_input) == (3, 1)
    assert found.instruction_words.mean == 3
    assert found.response_words.mean == pytest.approx((3 + 1 + 5) / 3)
    assert found.response_words.percentiles[2] == 3
    assert (found.task_column, found.tasks) == ("category", (("qa", 2), ("writing", 1)))
    assert (found.topic_column, found.topics) == ("topic", (("people", 1),))
    assert found.first_words == (("who", 2), ("write", 1))


def test_a_dataset_without_columns_or_instances():
    assert dataset_profile("d", instances()) is None
    bare = dataset_profile("d", instances(("Hi?", "", "Hello.", "")))
    assert (bare.task_column, bare.tasks, bare.topics) == ("", (), ())


@given(st.lists(st.integers(0, 300), min_size=1, max_size=40))
def test_lengths_are_those_of_numpy(counts):
    found = Lengths.of(counts)
    assert found.mean == pytest.approx(np.mean(counts))
    assert found.percentiles == pytest.approx(np.quantile(counts, [0.05, 0.25, 0.5, 0.75, 0.95]))


def test_the_papers_sizes_name_parts_of_their_datasets():
    dolly = {one.part: one.n for one in reported_parts() if one.dataset.startswith("databricks")}
    assert dolly["closed_qa"] == 1773
    assert "" not in dolly, "the paper gives no exact size of Dolly"


def told(run_id, instruction, text, is_right=None):
    return replace(answer(run_id, instruction, [(text, "unshifted", 0.0)]), is_right=is_right)


def test_likeness_by_hand():
    first = pair_of(
        told("a", "Q1", "The sea is blue.", True),
        told("b", "Q2", "Red fox.", True),
        told("c", "Q3", "Only here."),
    )
    second = replace(
        pair_of(told("d", "Q2", "Green frog.", False), told("e", "Q1", "Blue is the sky.", True)),
        pair="other",
    )
    found = {one.finding_id: one for one in likeness_findings(first, second)}
    # the, is, blue of the, sea, is, blue, sky; none of four.
    assert (found["same_words"].value, found["same_words"].n) == (30, 2)
    assert (found["same_words_right"].value, found["same_words_right"].n) == (60, 1)
    alone = {one.finding_id: one for one in likeness_findings(first, replace(second, answers=()))}
    assert alone["same_words"].value is None
    assert "share no instruction" in alone["same_words"].missing


WORDS = st.lists(st.sampled_from(["sea", "sky", "fox", "frog"])).map(" ".join)


@given(WORDS, WORDS)
def test_likeness_is_symmetric_and_one_only_for_the_same_words(left, right):
    one, other = told("a", "Q", left), told("b", "Q", right)
    assert shared_words(one, other) == shared_words(other, one)
    assert 0 <= shared_words(one, other) <= 1
    assert (shared_words(one, other) == 1) == (set(left.split()) == set(right.split()))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_boxes_are_drawn_at_the_percentiles_and_datasets_apart_from_answers(theme):
    lengths = Lengths(mean=4.0, percentiles=(1.0, 2.0, 3.0, 5.0, 9.0))
    figure = length_boxes(
        [
            LengthBox(label="<data>", lengths=lengths, n=7, is_dataset=True),
            LengthBox(label="pair", lengths=lengths, n=5, is_dataset=False),
        ],
        theme=theme,
    )
    dataset, pair = figure.data
    assert (list(dataset.q1), list(dataset.median), list(dataset.mean)) == ([2], [3], [4])
    assert list(pair.upperfence) == [9]
    assert figure.layout.yaxis.ticktext[0] == "&lt;data&gt;<br>n = 7"


def test_a_variant_has_the_lengths_of_the_instances_on_which_it_was_tuned(tmp_path):
    library = load_library()
    lines = (library.families["demo"].folder / "it_dataset.jsonl").read_text().splitlines()
    with Store(tmp_path / "x.duckdb") as store:
        part = library_answers(library, store, "demo-sft-1_8")
        short = library_answers(library, store, "demo-sft-short")
    assert (len(part.response_words), len(short.response_words), len(lines)) == (51, 405, 405)
    found = {one.finding_id: one for one in style_findings(short)}["tuning_response_words"]
    assert found.n == 405
    assert 1 < found.value < 3
