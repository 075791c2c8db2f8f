"""Workers on a Ray cluster: an actor pool of Ray Data, one pair or index per actor."""

import logging
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, TypeVar

from itlim.batch.work import Work
from itlim.errors import InputError, ItlimError, ModelRunError

J = TypeVar("J")
R = TypeVar("R")
_FORWARDED = ("ITLIM_HOME", "HF_HUB_OFFLINE", "HF_HOME", "TOKENIZERS_PARALLELISM")
"""Settings of this process that the workers get as well."""


class ClusterWorkers:
    """Runs work on the nodes of a Ray cluster.

    A job whose worker or machine is lost is done again by another worker. Results reach this
    process, which stores them: the machines need not share a disk for the output.

    Args:
        address: `host:port` or `ray://host:port` of the cluster; `auto` for the one that this
            machine belongs to.
        n: most workers at a time; None for one per GPU, or one per node if there is no GPU.
    """

    def __init__(self, address: str, n: int | None = None) -> None:
        self._address = address
        self._n = n

    def run(self, work: Work[J, R], jobs: Sequence[J]) -> Generator[R, None, None]:
        """See `Workers.run`."""
        with _connected(self._address):
            import ray

            share = _share(ray.nodes(), self._n, uses_gpu=work.uses_models)
            rows = ray.data.from_items(
                [{"number": number, "job": job} for number, job in enumerate(jobs)],
                # One block per job: its result arrives when it is done.
                override_num_blocks=len(jobs),
            )
            results = rows.map(
                _Actor,  # type: ignore[arg-type]  # Ray's types omit classes
                fn_constructor_args=(work,),
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=min(share.n, len(jobs))),
                num_cpus=share.cpus,
                num_gpus=share.gpus,
            )
            yield from self._results(results.iter_rows(), len(jobs))

    def _results(self, rows: Iterable[dict[str, Any]], n_jobs: int) -> Iterator[Any]:
        import ray

        missing = set(range(n_jobs))
        try:
            for row in rows:
                if row["error"] is not None:
                    raise row["error"]
                if row["number"] in missing:
                    missing.remove(row["number"])
                    yield row["result"]
        except ray.exceptions.RayError as error:
            raise ModelRunError(
                f"The cluster {self._address} lost its workers: {_first_line(error)} Finished "
                "batches are kept: run the same command again."
            ) from error
        if missing:
            raise ModelRunError(
                f"The cluster returned no result for {len(missing)} batches: run the same command "
                "again."
            )


class _Actor:
    """One worker of the pool; Ray creates it on a node."""

    def __init__(self, work: Work[Any, Any]) -> None:
        self._do: Callable[[Any], Any] = work.start()

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"number": row["number"], "result": self._do(row["job"]), "error": None}
        except ItlimError as error:
            # Raised in the driver: Ray would repeat the job and wrap the message.
            return {"number": row["number"], "result": None, "error": error}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """How many workers there are, and what each of them uses."""

    n: int
    cpus: int
    gpus: int


def _share(nodes: Sequence[dict[str, Any]], n: int | None, *, uses_gpu: bool) -> _Share:
    """Divide the machines of a cluster among `n` workers.

    Raises:
        InputError: the cluster has no CPU.
    """
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    cpus = [int(one["CPU"]) for one in alive if one.get("CPU", 0) >= 1]
    gpus = int(sum(one.get("GPU", 0) for one in alive)) if uses_gpu else 0
    if not cpus:
        raise InputError("The Ray cluster has no CPU: start its nodes with at least one.")
    workers = n or gpus or len(cpus)
    per_node = -(-workers // len(cpus))
    return _Share(n=workers, cpus=max(1, min(cpus) // per_node), gpus=1 if gpus else 0)


@contextmanager
def _connected(address: str) -> Iterator[None]:
    """Be part of a cluster inside the block.

    Raises:
        InputError: Ray is not installed, or there is no cluster at the address.
    """
    if find_spec("ray") is None:
        raise InputError("--ray needs a package that is not installed: pip install 'itlim[ray]'.")
    # Ray's C++ core writes warnings about its own actors to standard error.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray

    # Ray prints what happens to workers on standard output, where commands write results.
    with redirect_stdout(sys.stderr):
        was_connected = ray.is_initialized()
        if not was_connected:
            _connect(address)
        _silence_ray_data()
        try:
            yield
        finally:
            if not was_connected:
                ray.shutdown()


def _connect(address: str) -> None:
    import ray

    variables = {name: os.environ[name] for name in _FORWARDED if name in os.environ}
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"env_vars": variables},
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise InputError(
            f"There is no Ray cluster at {address}: {_first_line(error)} Start one with "
            "`ray start --head`, or check the address."
        ) from error


def _silence_ray_data() -> None:
    """Leave progress to this project."""
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    for name in ("ray.data", "ray"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _first_line(error: BaseException) -> str:
    line = str(error).strip().split("\n", 1)[0] or type(error).__name__
    return line if line.endswith(".") else f"{line}."
