"""A batch on a real Ray cluster that loses a worker and a node."""

import threading
import time
from contextlib import suppress

import psutil
import pytest
from batch_cases import MANY, answered, asked, comparable, tiny_pair

from itlim.batch.cluster import ClusterWorkers
from itlim.batch.parts import Parts
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
        killed: gets the number of answers at both times.
    """
    parts = Parts(out / "parts")
    for name, n_answers, chosen in (("actor", 6, is_actor), ("node", 14, lambda _process: True)):
        while len(parts.run_ids()) < n_answers:
            time.sleep(0.02)
        doomed = [process for process in processes_of(node) if chosen(process)]
        killed[name] = len(parts.run_ids()) if doomed else None
        for process in doomed:
            with suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.mark.full
def test_a_cluster_that_loses_a_worker_and_a_node_gives_the_same_output_as_one_process(
    pair, cluster, tmp_path
):
    file = asked(tmp_path, MANY)
    answered([pair], file, tmp_path / "whole", batch_size=2)
    killed: dict = {}
    killer = threading.Thread(
        target=kill_a_worker_and_then_its_node,
        args=(cluster.list_all_nodes()[1], tmp_path / "out", killed),
        daemon=True,
    )
    killer.start()
    report = answered(
        [pair],
        file,
        tmp_path / "out",
        batch_size=2,
        workers=ClusterWorkers(cluster.address, 2),
    )
    killer.join(timeout=10)
    assert 6 <= killed["actor"] < killed["node"] < len(MANY)
    assert (report.n_runs, report.n_new, report.failed) == (len(MANY), len(MANY), ())
    assert comparable(tmp_path / "out") == comparable(tmp_path / "whole")


@pytest.mark.full
def test_an_address_without_a_cluster_says_how_to_start_one():
    with pytest.raises(InputError, match="ray start --head"):
        list(ClusterWorkers("auto").run(None, [1]))
