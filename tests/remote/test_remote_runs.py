"""Requests to pairs behind servers become runs that are stored, exported and never pooled."""

import csv
import io
import json

import numpy as np
import pytest
from example_runs import example_run
from remote.conftest import MODELS, TOYOTA
from remote.served_pairs import mixed_pairs, served, served_pair

from itlim.errors import InputError, ModelLoadError, VocabularyError
from itlim.library import load_library
from itlim.pipeline import Inspection, identify
from itlim.records import RemotePair, RemoteRequest, Request, ResponseRun, without_servers
from itlim.remote.answering import answer_remotely
from itlim.remote.documents import remote_to_csv, remote_to_json
from itlim.remote.statements import Exactness, column_statements
from itlim.schema import REMOTE_TOKENS
from itlim.store.answers import unmeasured_counts
from itlim.store.batches import TABLES
from itlim.store.connection import Store
from itlim.store.remote_runs import load_remote, save_remote
from itlim.store.runs import delete_runs, list_runs, load_answers, load_run, save_run

FALSE_TEXT = "The moon was founded by a purple committee of 1,947 otters."


@pytest.fixture(scope="module")
def local_run(demo_pair):
    request = Request(pair=demo_pair.pair, instruction=TOYOTA)
    return Inspection(identify(request), demo_pair).answer()


def asked(pair, **changes):
    return RemoteRequest(**{"pair": pair, "instruction": TOYOTA} | changes)


@pytest.fixture
def remote_run(httpserver, vllm):
    return answer_remotely(asked(served_pair(httpserver)))


def test_a_remote_answer_has_the_text_tokens_and_categories_of_the_local_one(remote_run, local_run):
    assert remote_run.response == local_run.response
    assert remote_run.prompt_token_ids == local_run.prompt_token_ids
    assert remote_run.finish_reason == local_run.finish_reason
    for name in ("token_id", "text", "char_start", "char_stop", "is_eos", "category", "base_rank"):
        assert remote_run.tokens[name].to_pylist() == local_run.tokens[name].to_pylist(), name
    # The local answer was scored while it grew, with the key-value cache: in float32, one pass over
    # the whole differs by 3e-6. `test_remote_scoring` compares one pass with one pass, to 1e-6.
    for name in ("base_prob", "tuned_prob", "emitted_prob", "emitted_tuned_prob"):
        np.testing.assert_allclose(remote_run.tokens[name], local_run.tokens[name], atol=1e-5)
    assert remote_run.tokens.schema.equals(REMOTE_TOKENS)


@pytest.mark.parametrize("kind", ["tuned here", "base here"])
def test_mixed_pairs_give_the_same_figures(httpserver, vllm, remote_run, kind):
    run = answer_remotely(asked(mixed_pairs(httpserver)[kind]))
    names = ("token_id", "category", "base_rank", "emitted_rank", "tuned_argmax_id")
    for name in names:
        assert run.tokens[name].to_pylist() == remote_run.tokens[name].to_pylist(), name
    granted = (run.base_top_k, run.tuned_top_k)
    assert granted == ((20, None) if kind == "tuned here" else (None, 20))
    served_models = {body["model"] for body in vllm.bodies[-1:]}
    assert served_models == ({"base"} if kind == "tuned here" else {"sft"})


def test_what_a_server_refuses_is_stated_with_the_run(httpserver, vllm):
    vllm.max_logprobs = 2
    run = answer_remotely(asked(served_pair(httpserver), top_k=20))
    assert (run.base_top_k, run.tuned_top_k) == (2, 2)
    assert len(run.notices) == 2
    assert "gives 2 of the 20" in run.notices[0]


def test_each_column_says_whether_it_is_exact_a_bound_or_missing(httpserver, vllm, remote_run):
    found = {one.column: one for one in column_statements(remote_run.tokens)}
    exact = ("emitted_log_prob", "emitted_prob", "emitted_tuned_prob", "category", "base_prob")
    assert {found[name].exactness for name in exact} == {Exactness.EXACT}
    for name in ("kl_tuned_base_at_least", "kl_base_tuned_at_least"):
        assert found[name].exactness is Exactness.LOWER_BOUND
    assert "kl_tuned_base" not in found
    for name in ("js", "base_entropy", "tuned_entropy"):
        assert found[name].exactness is Exactness.MISSING
        assert found[name].n_given == 0
    # The greedy answer has one token below the 20 listed ones, or none.
    undecided = remote_run.tokens["emitted_rank_decided"].to_pylist().count(False)
    expected = Exactness.UP_TO_TIES if undecided else Exactness.EXACT
    assert found["emitted_rank"].exactness is expected


def test_ranks_beyond_the_list_are_exact_up_to_ties_and_say_so(httpserver, vllm):
    pasted = answer_remotely(asked(served_pair(httpserver), response=FALSE_TEXT, top_k=5))
    found = {one.column: one for one in column_statements(pasted.tokens)}
    assert found["emitted_rank"].exactness is Exactness.UP_TO_TIES
    assert "counts these against the token" in found["emitted_rank"].note
    assert found["base_rank"].n_given < found["base_rank"].n_tokens
    assert pasted.decoding == "pasted"
    assert pasted.response == FALSE_TEXT


def test_a_stored_run_is_read_as_it_was(tmp_path, remote_run):
    with Store(tmp_path / "itlim.duckdb") as store:
        save_remote(store, remote_run)
        found = load_remote(store, remote_run.run_id)
        assert load_remote(store, "other") is None
    assert found.tokens.equals(remote_run.tokens)
    for name in type(remote_run).__slots__:
        assert name == "tokens" or getattr(found, name) == getattr(remote_run, name), name


def test_newer_figures_replace_those_of_the_same_answer(tmp_path, httpserver, vllm, remote_run):
    again = answer_remotely(asked(served_pair(httpserver), top_k=5))
    with Store(tmp_path / "itlim.duckdb") as store:
        save_remote(store, remote_run)
        save_remote(store, again)
        found = load_remote(store, remote_run.run_id)
    assert found.base_top_k == 5
    assert found.tokens.num_rows == again.tokens.num_rows


def test_no_list_or_finding_counts_a_bound_as_a_divergence(tmp_path, remote_run):
    with Store(tmp_path / "itlim.duckdb") as store:
        save_run(store, example_run(pair="served"))
        save_remote(store, remote_run)
        rows = {row["run_id"]: row for row in list_runs(store).to_pylist()}
        assert rows[remote_run.run_id]["mean_kl"] is None
        assert rows[remote_run.run_id]["n_tokens"] is None
        assert isinstance(load_run(store, remote_run.run_id), ResponseRun)
        # Findings name how many answers they leave out.
        assert unmeasured_counts(store)["served"] == (1, 2)
        with store.reading() as cursor:
            counted = cursor.execute(
                "SELECT count(*) FROM token_shifts WHERE run_id = ?", [remote_run.run_id]
            ).fetchone()
        assert counted == (0,)
    assert "remote_tokens" not in TABLES


def test_a_pasted_text_is_not_an_answer_of_the_model(tmp_path, httpserver, vllm):
    pasted = answer_remotely(asked(served_pair(httpserver), response=FALSE_TEXT))
    with Store(tmp_path / "itlim.duckdb") as store:
        save_remote(store, pasted)
        assert load_answers(store, "served").num_rows == 0


def test_deleting_a_run_deletes_its_figures(tmp_path, remote_run):
    with Store(tmp_path / "itlim.duckdb") as store:
        save_remote(store, remote_run)
        delete_runs(store, [remote_run.run_id])
        assert load_remote(store, remote_run.run_id) is None
        with store.reading() as cursor:
            assert cursor.execute("SELECT count(*) FROM remote_tokens").fetchone() == (0,)


def test_the_json_export_names_what_each_column_is_and_has_null_for_missing(httpserver, vllm):
    pasted = answer_remotely(asked(served_pair(httpserver), response=FALSE_TEXT, top_k=2))
    document = json.loads(remote_to_json(pasted))
    kinds = {one["column"]: one["exactness"] for one in document["columns"]}
    assert kinds["kl_tuned_base_at_least"] == "lower bound"
    assert kinds["js"] == "missing"
    assert any(token["category"] is None for token in document["tokens"])
    assert not {"kl_tuned_base", "js", "base_entropy"} & document["tokens"][0].keys()
    assert "mean" not in document["summary"]
    counts = [one["count"] for one in document["summary"]["categories"].values()]
    assert sum(counts) + document["summary"]["n_unknown"] == document["summary"]["n_tokens"]
    assert "ITLIM_API_KEY" not in remote_to_json(pasted)


def test_the_csv_export_leaves_missing_cells_empty(httpserver, vllm):
    pasted = answer_remotely(asked(served_pair(httpserver), response=FALSE_TEXT, top_k=2))
    rows = list(csv.DictReader(io.StringIO(remote_to_csv(pasted))))
    assert [row["category"] or None for row in rows] == pasted.tokens["category"].to_pylist()
    assert "" in {row["base_rank"] for row in rows}


def test_a_tokenizer_file_is_enough(httpserver, vllm, remote_run):
    file = MODELS / "sft" / "tokenizer.json"
    pair = served_pair(
        httpserver, base=served(httpserver, "base", file), tuned=served(httpserver, "sft", file)
    )
    run = answer_remotely(asked(pair))
    assert run.tokens["token_id"].to_pylist() == remote_run.tokens["token_id"].to_pylist()
    # A bare file does not name the end of a sequence; the server's answer does.
    assert run.response == remote_run.response
    assert run.tokens["is_eos"].to_pylist() == remote_run.tokens["is_eos"].to_pylist()


def test_missing_and_other_tokenizers_are_named(httpserver, vllm, tmp_path):
    pair = served_pair(httpserver, base=served(httpserver, "base", tmp_path / "none"))
    with pytest.raises(ModelLoadError, match="not on this machine"):
        answer_remotely(asked(pair))
    damaged = tmp_path / "tokenizer.json"
    damaged.write_text('{"version": "1.0"}')
    pair = served_pair(httpserver, base=served(httpserver, "base", damaged))
    with pytest.raises(ModelLoadError, match=r"not a tokenizer\.json"):
        answer_remotely(asked(pair))
    content = json.loads((MODELS / "sft/tokenizer.json").read_text())
    vocabulary = content["model"]["vocab"]
    first, second = [one for one in vocabulary if len(one) == 1][5:7]
    vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    damaged.write_text(json.dumps(content))
    pair = served_pair(httpserver, base=served(httpserver, "base", damaged))
    with pytest.raises(VocabularyError, match="vocabularies differ"):
        answer_remotely(asked(pair))
    assert not vllm.bodies


def test_a_run_without_servers_names_no_address(httpserver, vllm):
    vllm.max_logprobs = 2
    run = without_servers(answer_remotely(asked(served_pair(httpserver))))
    assert (run.base, run.tuned) == ("base", "sft")
    assert "http" not in remote_to_json(run).replace("Toyota", "")


def test_empty_texts_and_pairs_without_a_server_are_rejected(httpserver, demo_pair):
    with pytest.raises(InputError, match="instruction is empty"):
        asked(served_pair(httpserver), instruction=" ")
    with pytest.raises(InputError, match="top_k"):
        asked(served_pair(httpserver), top_k=-1)
    local = demo_pair.pair
    with pytest.raises(InputError, match="Neither model"):
        RemotePair(name="x", base=local.base, tuned=local.tuned)
    assert load_library().remote_pairs == {}
