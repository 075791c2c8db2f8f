"""A worker that traces in one dataset: it opens the index and does job after job."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from itlim.batch.output import tokens_by_run
from itlim.batch.work import Traced, TracedResponse, TraceJob
from itlim.ids import content_hash
from itlim.records import Phrase
from itlim.schema import RUN_PHRASES
from itlim.store.shipped import RUNS_FILE
from itlim.text.prompts import asked_text

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

RESPONSES_PER_JOB = 64
_OF_TOKENS = ("run_id", "char_start", "char_stop", "emitted_prob")


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedDataset:
    """An index that is ready to trace in."""

    folder: Path
    key: str
    """Hash of what the index contains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceWork:
    """Trace to the instances of one dataset."""

    index: Path
    """Folder of the dataset's index; on a cluster, the same path on every machine."""
    uses_models: bool = False

    def start(self) -> Callable[[TraceJob], Traced]:
        return _Tracer(self.index).trace


class _Tracer:
    """Opens the index at its first job."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index: TraceIndex | None = None

    def trace(self, job: TraceJob) -> Traced:
        """Choose the default phrase of each response; see `trace.phrases.default_phrase`.

        Raises:
            IndexFolderError: the index is not on this machine, or is damaged.
        """
        from itlim.trace import open_index

        index = self._index = self._index or open_index(self._folder)
        rows = [_row(index, response) for response in job.responses]
        return Traced(name=job.name, phrases=pa.Table.from_pylist(rows, schema=RUN_PHRASES))


def _row(index: "TraceIndex", response: TracedResponse) -> dict[str, Any]:
    from itlim.trace import default_phrase

    found = default_phrase(
        [index],
        instruction=response.instruction,
        response=response.response,
        base_surprisal=np.array(response.base_surprisal),
    )
    return phrase_row(response, index.dataset, found)


def phrase_row(response: TracedResponse, target: str, found: Phrase | None) -> dict[str, Any]:
    """A row of `schema.RUN_PHRASES`; without a phrase, only what was traced where."""
    row: dict[str, Any] = {"run_id": response.run_id, "dataset": target}
    if found is None:
        return row
    return row | {
        "span_start": found.start,
        "span_stop": found.stop,
        "span_text": response.response[found.start : found.stop],
        "null_p": found.null_p,
        "n_choices": found.n_choices,
        "nats": found.nats,
        "instance_id": found.instance_id,
    }


def plan_traces(
    out: Path, run_ids: Collection[str], index_key: str, *, size: int = RESPONSES_PER_JOB
) -> list[TraceJob]:
    """The jobs that trace these runs of an output to one dataset.

    Args:
        out: folder with the joined runs.
        run_ids: which of them.
        index_key: what determines the results besides the responses: the index's content.
        size: responses per job.
    """
    from itlim.trace.evidence.background import base_surprisal

    table = pq.read_table(out / RUNS_FILE, columns=["run_id", "instruction", "input", "response"])
    texts = {row["run_id"]: row for row in table.to_pylist() if row["run_id"] in run_ids}
    responses = [
        TracedResponse(
            run_id=run_id,
            instruction=asked_text(texts[run_id]["instruction"], texts[run_id]["input"]),
            response=texts[run_id]["response"],
            base_surprisal=tuple(base_surprisal(tokens, texts[run_id]["response"]).tolist()),
        )
        for run_id, tokens in tokens_by_run(out, _OF_TOKENS)
        if run_id in texts
    ]
    return [_job(responses[at : at + size], index_key) for at in range(0, len(responses), size)]


def _job(responses: Sequence[TracedResponse], index_key: str) -> TraceJob:
    name = content_hash(index_key, *(one.run_id for one in responses))[:16]
    return TraceJob(name=name, responses=tuple(responses))
