"""Which dataset was a model tuned on? On invented datasets and answers."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from borrowed_answers import answers, build_invented, dataset_rows, write_lines

from itlim.errors import CancelledError, IndexFolderError, InputError
from itlim.trace import verbatim_spans
from itlim.trace.evidence.span_evidence import Response
from itlim.trace.provenance.answers import Answer, answers_of_rows, joined, read_answers
from itlim.trace.provenance.borrowing import MatchedAnswer
from itlim.trace.provenance.compare import compare_datasets
from itlim.trace.provenance.likeness import minus_decoy
from itlim.trace.provenance.steps import borrowing


@pytest.fixture(scope="module")
def indexes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("invented")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ITLIM_HOME", str(folder))
        return [
            build_invented(folder, f"set-{seed}", dataset_rows(seed), patch) for seed in (1, 2, 3)
        ]


def copying(seed=0, source=2, **more):
    return answers_of_rows(
        f"copying-{seed}", answers(seed, copied_from=dataset_rows(source), **more)
    )


def honest(seed, **more):
    return answers_of_rows(f"honest-{seed}", answers(seed, **more))


def test_the_dataset_that_the_responses_copy_comes_first_with_a_small_p(indexes):
    found = compare_datasets(indexes, copying(), [honest(1), honest(2)])
    first, *others = found.datasets
    assert (first.dataset, found.n, first.n) == ("set-2", 40, 40)
    assert first.p < 0.01
    assert first.ci_low > 0
    assert first.difference == pytest.approx(first.share - first.controls_share)
    assert all(one.p > 0.05 for one in others)
    assert first.m_minus_decoy > 0 > max(one.m_minus_decoy for one in others)
    assert first.m_minus_decoy > first.m_minus_decoy_controls
    assert found.conclusion.startswith("The responses repeat set-2 more often")


def test_controls_compared_with_each_other_are_not_attributed(indexes):
    found = compare_datasets(indexes, honest(3), [honest(1), honest(2)])
    assert all(one.p > 0.05 for one in found.datasets)
    assert found.conclusion.startswith("No dataset stands out")


def test_a_control_that_copies_as_well_removes_the_evidence(indexes):
    alone = compare_datasets(indexes, copying(), [honest(1)])
    joint = compare_datasets(indexes, copying(), [honest(1), copying(5)])
    assert alone.datasets[0].p < 0.01
    # p is the largest over the controls, so one that copies equally decides.
    assert all(one.p > 0.05 for one in joint.datasets)


def test_without_controls_there_is_no_p_and_the_text_says_so(indexes):
    found = compare_datasets(indexes, copying())
    first = found.datasets[0]
    assert first.dataset == "set-2"
    assert first.share == pytest.approx(14 / 40, abs=0.1)
    for name in ("p", "controls_share", "difference", "ci_low", "ci_high", "m_minus_decoy"):
        assert getattr(first, name) is None
    assert "Give control answers" in found.conclusion
    assert "Without controls there is no p" in first.explanation


def test_a_single_dataset_has_no_decoy_but_a_p(indexes):
    (found,) = compare_datasets(indexes[1:2], copying(), [honest(1)]).datasets
    assert found.m_minus_decoy is None
    assert found.p < 0.01


def test_longer_control_answers_are_cut_to_the_length_of_the_response(indexes):
    # The controls copy too, but only after the twentieth word, where the responses end.
    later = [
        row | {"output": f"{row['output']} {dataset_rows(2)[3]['output']}"} for row in answers(1)
    ]
    found = compare_datasets(indexes[1:2], copying(), [answers_of_rows("later", later)])
    assert found.datasets[0].controls_share == 0
    assert found.datasets[0].p < 0.01


def test_results_do_not_depend_on_the_order_of_indexes_and_controls(indexes):
    controls = [honest(1), honest(2)]
    one = compare_datasets(indexes, copying(), controls)
    other = compare_datasets(indexes[::-1], copying(), controls[::-1])
    for a, b in zip(one.datasets, other.datasets, strict=True):
        for name in ("dataset", "share", "p", "ci_low"):
            assert getattr(a, name) == getattr(b, name)
        assert a.m_minus_decoy == pytest.approx(b.m_minus_decoy)
    assert compare_datasets(indexes, copying(), controls) == one


def test_the_smallest_p_is_that_of_the_rarest_content_stretch(indexes):
    for row in copying().answers[:8]:
        split = Response.of(row.instruction, row.response)
        spans = verbatim_spans(indexes[1:2], instruction=row.instruction, response=row.response)
        expected = min(
            (one.null_p for one in spans if not one.is_style and not one.in_instruction), default=1
        )
        found = MatchedAnswer.of(indexes[1], split).smallest_p(len(split.words))
        assert found == pytest.approx(expected)


def test_a_cut_answer_is_judged_like_the_text_of_its_first_words(indexes):
    for row in copying().answers[:8]:
        split = Response.of(row.instruction, row.response)
        for n_words in (5, 9, 14):
            text = row.response[: split.stops[n_words - 1]]
            short = MatchedAnswer.of(indexes[1], Response.of(row.instruction, text))
            long = MatchedAnswer.of(indexes[1], split)
            assert long.smallest_p(n_words) == pytest.approx(short.smallest_p(n_words))


def test_words_that_are_in_the_instruction_are_not_flagged(indexes):
    copied = " ".join(dataset_rows(2)[0]["output"].split()[5:13])
    split = Response.of("", copied), Response.of(f"Repeat this: {copied}", copied)
    own, given = (MatchedAnswer.of(indexes[1], one).smallest_p(8) for one in split)
    assert own < 0.05
    assert given == 1.0


def test_shares_and_differences_worked_by_hand(indexes):
    rows = dataset_rows(2)
    copied = Response.of("", rows[0]["output"])
    free = Response.of("", "nothing of this text is in the invented set")
    # Responses: two of three are copied. The control answers the first two, and copies the second.
    found = borrowing(indexes[1], [copied, copied, free], [{0: free, 1: copied}])
    assert found.n == 2
    # The control's answer to the first prompt has 9 words, so both are cut to 9.
    assert found.shares == (1.0, 0.5)
    assert [places.tolist() for places, _, _ in found.paired] == [[0, 1]]
    assert found.p_values() == [0.5]


def test_the_decoy_is_the_best_of_the_other_datasets():
    scores = np.array([[0.4, -0.2], [0.1, 0.3], [0.3, 0.0]])
    assert minus_decoy(scores) == pytest.approx(np.array([[0.1, -0.5], [-0.3, 0.3], [-0.1, -0.3]]))


def test_duplicate_instructions_are_joined_by_id_and_else_in_order():
    def one(id_, asked="Name a river."):
        return Answer(instruction=asked, response=f"{id_}", id=id_)

    responses = [one("a"), one("b"), one("", "Why?"), one("", "Why?")]
    controls = [one("", "Why?"), one("b"), one("a"), one("", "Why?"), one("c", "Else?")]
    assert joined(responses, controls) == {0: 2, 1: 1, 2: 0, 3: 3}
    # Ids of another scheme: in order.
    assert joined(responses[:2], [one("7"), one("8")]) == {0: 0, 1: 1}
    # Ids alone do not join different instructions.
    assert joined([one("a")], [one("a", "Else?")]) == {}


def test_files_of_every_kind_give_the_same_answers(tmp_path):
    rows = answers(1, n=5)
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, tmp_path / "a.parquet")
    (tmp_path / "a.json").write_text(json.dumps(rows))
    write_lines(tmp_path / "a.jsonl", rows)
    table.to_pandas().to_csv(tmp_path / "a.csv", index=False)
    read = [read_answers(path).answers for path in sorted(tmp_path.iterdir())]
    assert len(read) == 4
    assert all(one == read[0] for one in read)
    assert [one.id for one in read[0]] == ["q0", "q1", "q2", "q3", "q4"]


def test_rows_without_an_answer_are_reported_and_not_compared(tmp_path, indexes):
    rows = answers(1)
    path = write_lines(tmp_path / "model.jsonl", [rows[0] | {"output": ""}, *rows[1:]])
    found = compare_datasets(indexes, read_answers(path), [honest(2, n=30)])
    assert found.n == 39
    assert found.datasets[0].n == 29
    assert any("'output' is empty" in note for note in found.notes)
    assert "honest-2: no answer to 10 prompts." in found.notes


def test_a_control_that_answers_other_questions_is_an_error(indexes):
    other = answers_of_rows("other", [{"instruction": "Why?", "output": "Because."}])
    with pytest.raises(InputError, match="No instruction of other"):
        compare_datasets(indexes, copying(), [other])


def test_an_index_without_a_chance_baseline_is_an_error(tmp_path, monkeypatch):
    index = build_invented(tmp_path, "tiny", dataset_rows(1, n=3), monkeypatch, null=None)
    with pytest.raises(IndexFolderError, match=r"The index of tiny .* has no chance baseline"):
        compare_datasets([index], copying())


def test_the_same_dataset_twice_is_an_error(indexes):
    with pytest.raises(InputError, match="Two indexes of the dataset set-1"):
        compare_datasets([indexes[0], indexes[0].folder], copying())


def test_a_row_without_a_response_is_an_error():
    with pytest.raises(InputError, match="Row 1 of runs has the keys instruction"):
        answers_of_rows("runs", [{"instruction": "Why?"}])
    with pytest.raises(InputError, match="runs has no answer"):
        answers_of_rows("runs", [])


def test_progress_reaches_one_and_never_falls_and_a_canceled_comparison_stops(indexes):
    seen = []
    compare_datasets(indexes, copying(), [honest(1)], progress=lambda done, _: seen.append(done))
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)
    calls = iter(range(10**6))
    with pytest.raises(CancelledError):
        compare_datasets(indexes, copying(), [honest(1)], cancelled=lambda: next(calls) > 20)
