"""A batch on a real Ray cluster that loses a worker and a node."""

import threading
import time
from contextlib import suppress

import psutil
import pyarrow.parquet as pq
import pytest
from batch_cases import (
    MANY,
    answered,
    asked,
    comparable,
    library_file,
    n_finished,
    rows_of,
    tiny_pair,
)
from traced_datasets import built, filler, row

from itlim.batch.cluster import ClusterWorkers
from itlim.batch.local import LocalWorkers
from itlim.batch.parts import PHRASES_FILE, Parts
from itlim.batch.shards import ShardedTracing
from itlim.batch.tracing import TracedDataset, TraceWork, plan_traces
from itlim.errors import InputError

pytest.importorskip("ray")


@pytest.fixture
def pair(tmp_path):
    return tiny_pair(tmp_path / "pair")


@pytest.fixture
def cluster():
    """A Ray cluster of two nodes, each with processes of its own."""
    import ray
    from ray.cluster_utils import Cluster

    options = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
    running = Cluster(initialize_head=True, head_node_args={**options, "include_dashboard": False})
    running.add_node(**options)
    yield running
    ray.shutdown()
    running.shutdown()


def processes_of(node):
    """The processes of a node: its raylet with all workers, and helpers."""
    for infos in node.all_processes.values():
        for info in infos:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(info.process.pid)
                yield from (process, *process.children(recursive=True))


def is_actor(process):
    with suppress(psutil.Error):
        return "MapWorker" in " ".join(process.cmdline())
    return False


def kill_a_worker_and_then_its_node(node, out, killed):
    """Once answers arrive, kill the node's actor; later, kill all processes of the node.

    Args:
        node: a node that is not the head.
        out: folder of the output.
        killed: gets the number of finished parts at both times.
    """
    for name, n_parts, chosen in (("actor", 3, is_actor), ("node", 7, lambda _process: True)):
        while n_finished(out) < n_parts:
            time.sleep(0.02)
        doomed = [process for process in processes_of(node) if chosen(process)]
        killed[name] = n_finished(out) if doomed else None
        for process in doomed:
            with suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.mark.full
def test_the_command_on_a_cluster_that_loses_a_worker_and_a_node_gives_the_output_of_one_process(
    pair, cluster, itlim, monkeypatch, tmp_path
):
    monkeypatch.setenv("ITLIM_LIBRARY", str(library_file(tmp_path / "library.toml", [pair])))
    answered([pair], asked(tmp_path, MANY), tmp_path / "whole", batch_size=2, max_new_tokens=48)
    killed: dict = {}
    killer = threading.Thread(
        target=kill_a_worker_and_then_its_node,
        args=(cluster.list_all_nodes()[1], tmp_path / "out", killed),
        daemon=True,
    )
    killer.start()
    code, out, err = itlim(
        "batch", "--pair", pair.name, "--instructions", tmp_path / "questions.jsonl",
        "--out", tmp_path / "out", "--batch-size", 2, "--max-new-tokens", 48,
        "--ray", cluster.address, "--workers", 2,
    )  # fmt: skip
    killer.join(timeout=10)
    assert code == 0, err
    assert out.strip() == f"{tmp_path / 'out'}: {len(MANY)} runs, {len(MANY)} new"
    assert 3 <= killed["actor"] < killed["node"] < len(MANY) / 2
    assert comparable(tmp_path / "out") == comparable(tmp_path / "whole")
    indexes = {}
    for dataset in ("one", "two"):
        rows = [*filler(80, seed=len(dataset)), row(f"The {dataset} river has a delta.")]
        index = built(tmp_path / dataset, rows, dataset, with_chance=True)
        indexes[dataset] = TracedDataset(folder=index.folder, key=dataset)
        work = TraceWork(index=index.folder)
        on_cluster, here = (
            traced(work, tmp_path / "out", workers)
            for workers in (ClusterWorkers(cluster.address, 2), LocalWorkers())
        )
        assert on_cluster == here
        assert len(here) == len(MANY)
    on_cluster, here = (
        together(indexes, tmp_path, name, workers)
        for name, workers in (
            ("cluster", ClusterWorkers(cluster.address, 2)),
            ("here", LocalWorkers()),
        )
    )
    assert on_cluster == here
    assert len(here) == len(MANY)


def together(indexes, folder, name, workers):
    """The phrases of all responses in both datasets, whose instances compete."""
    parts = Parts(folder / f"parts-{name}")
    run_ids = {one["run_id"] for one in rows_of(folder / "out", "runs.parquet")}
    jobs = plan_traces(folder / "out", run_ids, "key", size=7)
    ShardedTracing(indexes, parts, workers, lambda *_: None).trace(jobs, "one + two")
    tables = [pq.read_table(path / PHRASES_FILE) for path in parts.with_file(PHRASES_FILE)]
    found = [one for table in tables for one in table.to_pylist()]
    return sorted(found, key=lambda one: one["run_id"])


def traced(work, out, workers):
    """The phrases of all responses, five per shard on a cluster and all at once here."""
    run_ids = {one["run_id"] for one in rows_of(out, "runs.parquet")}
    size = 5 if isinstance(workers, ClusterWorkers) else len(run_ids)
    done = workers.run(work, plan_traces(out, run_ids, "key", size=size))
    found = [one for result in done for one in result.phrases.to_pylist()]
    return sorted(found, key=lambda one: one["run_id"])


@pytest.mark.full
def test_an_address_without_a_cluster_says_how_to_start_one():
    with pytest.raises(InputError, match="ray start --head"):
        list(ClusterWorkers("auto").run(None, [1]))
