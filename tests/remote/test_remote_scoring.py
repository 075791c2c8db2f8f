"""Figures from a real HTTP server over the demo models equal those of the same models here."""

import numpy as np
import pytest
from remote.conftest import TOYOTA

from itlim.models.protocol import ScoredSequence
from itlim.records import ServerModel, Thresholds
from itlim.remote.asking import answer, endpoint_of, read_out
from itlim.remote.figures import figures
from itlim.remote.local import local_positions
from itlim.shift.greedy import generate
from itlim.shift.measure import score

QUESTIONS = (TOYOTA, "Who wrote Hamlet?", "Name the capital of Peru.")
FLOAT32 = 4e-6
"""What float32 makes of one probability in a batch of another size, depending on the machine."""
FALSE_TEXT = " The moon was founded by a purple committee of 1,947 otters."


def endpoint(httpserver, model, **limits):
    served = ServerModel(url=httpserver.url_for("/v1"), model=model, tokenizer="unused")
    return endpoint_of(served, timeout=30, attempts=1, **limits)


@pytest.fixture(scope="module")
def sequences(demo_pair):
    """Greedy answers of the tuned model, and a text that it would not write."""
    found = []
    for question in QUESTIONS:
        prompt = demo_pair.render(question)
        found.append((prompt.token_ids, generate(demo_pair, prompt, 60).token_ids))
    pasted = demo_pair.encode_response(FALSE_TEXT)
    found.append((demo_pair.render(TOYOTA).token_ids, pasted))
    return [ScoredSequence(prompt_ids=one, response_ids=two) for one, two in found]


@pytest.fixture(scope="module")
def local(demo_pair, sequences):
    return [
        score(demo_pair, one.prompt_ids, one.response_ids, top_k=demo_pair.shared.count)
        for one in sequences
    ]


def remote_figures(httpserver, sequences, top_k):
    base, tuned = (
        read_out(endpoint(httpserver, name), sequences, top_k) for name in ("base", "sft")
    )
    return [
        [figures(*both, Thresholds()) for both in zip(*one, strict=True)]
        for one in zip(base.responses, tuned.responses, strict=True)
    ]


def categories(shifts):
    return [str(Thresholds().category(int(rank))) for rank in shifts.base_rank]


@pytest.mark.parametrize("top_k", [20, 5, 1, 0])
def test_figures_of_the_emitted_tokens_equal_the_local_ones(
    httpserver, vllm, sequences, local, top_k
):
    for rows, shifts in zip(remote_figures(httpserver, sequences, top_k), local, strict=True):
        for column, expected in (
            ("emitted_prob", shifts.emitted_prob),
            ("emitted_tuned_prob", shifts.emitted_tuned_prob),
        ):
            np.testing.assert_allclose([row[column] for row in rows], expected, atol=FLOAT32)
        for column, expected in (
            ("emitted_log_prob", shifts.emitted_prob),
            ("emitted_tuned_log_prob", shifts.emitted_tuned_prob),
        ):
            # float32 has a resolution of 1e-6 at -10.
            found = [row[column] for row in rows]
            np.testing.assert_allclose(found, np.log(expected), atol=1e-5, rtol=1e-6)
        assert [row["emitted_rank"] for row in rows] == shifts.emitted_rank.tolist()


@pytest.mark.parametrize("top_k", [20, 5])
def test_first_choices_ranks_and_categories_equal_the_local_ones(
    httpserver, vllm, sequences, local, top_k
):
    remote = remote_figures(httpserver, sequences, top_k)
    for rows, shifts in zip(remote, local, strict=True):
        assert [row["tuned_argmax_id"] for row in rows] == shifts.tuned_argmax_id.tolist()
        assert [row["category"] for row in rows] == categories(shifts)
        assert all(row["category_decided"] for row in rows)
        for row, rank, prob in zip(rows, shifts.base_rank, shifts.base_prob, strict=True):
            assert row["base_rank"] in (int(rank), None)
            assert row["base_prob"] is None or row["base_prob"] == pytest.approx(prob, abs=FLOAT32)
            assert row["base_rank"] is not None or rank > top_k
    # In greedy answers, the first choice is the emitted token, so nothing is missing.
    assert all(row["base_rank"] is not None for rows in remote[:-1] for row in rows)
    assert any(row["category"] == "shifted" for rows in remote for row in rows)


@pytest.mark.parametrize("top_k", [1, 0])
def test_greedy_answers_have_their_categories_without_a_list(
    httpserver, vllm, sequences, local, top_k
):
    remote = remote_figures(httpserver, sequences, top_k)
    for rows, shifts in zip(remote[:-1], local[:-1], strict=True):
        assert [row["category"] for row in rows] == categories(shifts)
    pasted = remote[-1]
    assert all(
        row["category"] in (None, kind)
        for row, kind in zip(pasted, categories(local[-1]), strict=True)
    )


@pytest.mark.parametrize("top_k", [20, 5, 1, 0])
def test_the_bounds_are_at_most_the_local_divergences(httpserver, vllm, sequences, local, top_k):
    for rows, shifts in zip(remote_figures(httpserver, sequences, top_k), local, strict=True):
        for column, truth in (
            ("kl_tuned_base_at_least", shifts.kl_tuned_base),
            ("kl_base_tuned_at_least", shifts.kl_base_tuned),
        ):
            found = np.array([row[column] for row in rows])
            assert (found <= truth + 1e-5).all()
            assert (found >= 0).all()
            assert found.max() > 0


def test_the_bounds_equal_the_divergences_where_the_whole_vocabulary_is_listed(
    httpserver, vllm, demo_pair, sequences, local
):
    count = demo_pair.facts.embedding_counts["base"]
    vllm.max_logprobs = count
    rows = remote_figures(httpserver, sequences[:1], count)[0]
    for column, truth in (
        ("kl_tuned_base_at_least", local[0].kl_tuned_base),
        ("kl_base_tuned_at_least", local[0].kl_base_tuned),
    ):
        np.testing.assert_allclose([row[column] for row in rows], truth, atol=2e-5)
    assert rows[0]["kl_cells"] == count


def test_a_local_tuned_model_and_a_remote_base_give_the_same_figures(
    httpserver, vllm, demo_pair, sequences, local
):
    from itlim.models.huggingface import load_pair
    from itlim.records import Pair

    tuned = load_pair(Pair(name="tuned", base=demo_pair.pair.tuned, template="alpaca-short"))
    remote = read_out(endpoint(httpserver, "base"), sequences, 20)
    for number, (sequence, shifts) in enumerate(zip(sequences, local, strict=True)):
        base = remote.responses[number]
        here = local_positions(tuned, sequence, [one.listed for one in base], 20)
        rows = [figures(*both, Thresholds()) for both in zip(base, here, strict=True)]
        assert [row["category"] for row in rows] == categories(shifts)
        assert [row["tuned_argmax_id"] for row in rows] == shifts.tuned_argmax_id.tolist()
        bounds = np.array([row["kl_tuned_base_at_least"] for row in rows])
        assert (bounds <= shifts.kl_tuned_base + 1e-5).all()
        assert min(row["kl_cells"] for row in rows) >= 20


def test_ids_are_sent_and_never_text(httpserver, vllm, sequences):
    read_out(endpoint(httpserver, "base"), sequences[:1], 5)
    sent = [*sequences[0].prompt_ids, *sequences[0].response_ids]
    assert [body["prompt"] for body in vllm.bodies] == [sent]


def test_a_remote_greedy_answer_has_the_ids_of_the_local_one(httpserver, vllm, sequences):
    ids, was_cut = answer(endpoint(httpserver, "sft"), sequences[0].prompt_ids, 60)
    assert ids == sequences[0].response_ids
    assert not was_cut
    assert answer(endpoint(httpserver, "sft"), sequences[0].prompt_ids, 3) == (ids[:3], True)
