"""Requests to tiny random models that are saved and loaded like real ones."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from tiny_models import full_pair, lora_pair

from itlim.errors import CancelledError, ContextLengthError
from itlim.models.huggingface import load_pair
from itlim.pipeline import Inspection, answer_many, identify
from itlim.records import Request, Thresholds
from itlim.schema import RUNS, TOKEN_SHIFTS
from itlim.store.connection import Store
from itlim.store.runs import load_run, save_run


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ITLIM_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def pair(home, tmp_path_factory):
    return replace(full_pair(tmp_path_factory.mktemp("pair"), "qwen2"), template="plain")


@pytest.fixture(scope="module")
def loaded(pair):
    with_models = load_pair(pair)
    yield with_models
    with_models.close()


def ask(pair, instruction="Name a river.", **options):
    return Request(pair=pair, instruction=instruction, max_new_tokens=12, **options)


def test_a_run_matches_its_schemas_and_its_request(pair, loaded):
    request = ask(pair)
    run = Inspection(identify(request), loaded).answer()
    assert run.run_id == identify(request).id
    assert set(run.row()) == set(RUNS.names)
    assert run.tokens.schema.equals(TOKEN_SHIFTS)
    assert "".join(run.tokens["text"].to_pylist()) == run.response
    assert run.prompt == "Question: Name a river.\nAnswer:"
    assert run.tokens["base_rank"].to_pylist() == run.tokens["emitted_rank"].to_pylist()


def test_the_same_request_from_the_store_is_the_same_run(pair, loaded, tmp_path):
    request = ask(pair)
    run = Inspection(identify(request), loaded).answer()
    with Store(tmp_path / "x.duckdb") as store:
        save_run(store, run)
        stored = load_run(store, identify(request).id)
    assert stored.row() == run.row()
    assert stored.tokens.equals(run.tokens)


def test_a_given_response_is_scored_unchanged(pair, loaded):
    text = "  The Nile,\tof course \U0001f30a.\r\n"
    run = Inspection(identify(ask(pair, response=text)), loaded).answer()
    assert run.response == text
    assert (run.decoding, run.finish_reason, run.max_new_tokens) == ("pasted", "pasted", None)
    assert run.run_id != identify(ask(pair)).id
    differs = [row["token_id"] != row["tuned_argmax_id"] for row in run.tokens.to_pylist()]
    assert any(differs)


def test_answers_in_a_batch_equal_single_answers(pair, loaded):
    requests = [ask(pair, text) for text in ("Name a river.", "Who?", "Say it in Dutch, please.")]
    together = answer_many(requests, loaded, created_at=datetime(2026, 1, 1, tzinfo=UTC))
    for request, run in zip(requests, together, strict=True):
        alone = Inspection(identify(request), loaded).answer()
        assert run.response == alone.response
        assert run.finish_reason == alone.finish_reason
        assert run.created_at == datetime(2026, 1, 1, tzinfo=UTC)
        np.testing.assert_allclose(
            run.tokens["kl_tuned_base"].to_numpy(),
            alone.tokens["kl_tuned_base"].to_numpy(),
            rtol=1e-3,
            atol=1e-5,
        )


def test_another_thread_can_read_the_answer_so_far(pair, loaded):
    inspection = Inspection(identify(ask(pair)), loaded)
    seen = []

    def stop_after_four() -> bool:
        seen.append(inspection.growing.since().rows.num_rows)
        return seen[-1] >= 4

    thread = threading.Thread(target=lambda: seen.append(inspection.answer(stop_after_four)))
    thread.start()
    thread.join()
    run = seen.pop()
    # Tokens are scored in groups of 1, 2 and 4.
    assert sorted(set(seen)) == [0, 1, 3, 7]
    assert seen == sorted(seen)
    assert run.finish_reason == "cancelled"
    assert run.tokens.num_rows == 7


def test_canceling_before_the_first_token_is_reported(pair, loaded):
    with pytest.raises(CancelledError, match="before the first token"):
        Inspection(identify(ask(pair)), loaded).answer(lambda: True)


def test_thresholds_are_stored_and_determine_the_category(pair, loaded):
    strict = Thresholds(marginal_above=1, shifted_above=1)
    run = Inspection(identify(ask(pair)), loaded, thresholds=strict).answer()
    assert (run.marginal_above, run.shifted_above) == (1, 1)
    for row in run.tokens.to_pylist():
        assert row["category"] == ("unshifted" if row["base_rank"] == 1 else "shifted")


def test_a_prompt_longer_than_the_context_is_rejected(pair, loaded):
    with pytest.raises(ContextLengthError, match="Shorten"):
        Inspection(identify(ask(pair, "river " * 200)), loaded).answer()


def test_the_run_of_an_adapter_pair_names_its_tuning(home, tmp_path):
    pair = replace(lora_pair(tmp_path, "llama"), template="plain")
    loaded = load_pair(pair)
    run = Inspection(identify(ask(pair)), loaded).answer()
    loaded.close()
    assert run.tuning == "adapter"
    assert run.base_hash != run.tuned_hash


def test_one_model_after_the_other_gives_the_same_run(pair, loaded):
    apart = load_pair(pair, placement="sequential")
    run, alone = (Inspection(identify(ask(pair)), one).answer() for one in (apart, loaded))
    apart.close()
    assert run.response == alone.response
    np.testing.assert_allclose(
        run.tokens["js"].to_numpy(), alone.tokens["js"].to_numpy(), rtol=1e-3, atol=1e-5
    )
