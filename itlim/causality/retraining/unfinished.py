"""Retraining experiments on disk until they are stored: requests, and models that are done.

Each experiment has a folder, named by its id. Files are written under a temporary name and then
renamed, so a kill loses at most the model that was being tuned.
"""

import json
import logging
import shutil
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.records.retrainings import Arm, ArmKind, RetrainQuestion
from itlim.settings import user_folder

_LOG = logging.getLogger(__name__)
_REQUEST = "request.json"
_FIELDS = b"itlim.arm"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainRequest:
    """An experiment that was asked for and is not stored yet."""

    experiment_id: str
    pair: str
    question: RetrainQuestion
    author: str
    requested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedArm:
    """One tuned model of an unfinished experiment."""

    arm: Arm
    weights_sha256: str
    """Hash of the tuned weights for the full model; empty for the others."""


class UnfinishedExperiments:
    """The unfinished experiments of a folder, by default of this user.

    Args:
        folder: folder with one folder per experiment; created when the first one is requested.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or user_folder() / "retrainings"

    def request(self, request: RetrainRequest) -> None:
        """Keep a request until `forget`; a repeated one keeps the time of the first."""
        path = self._folder / request.experiment_id / _REQUEST
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        document = asdict(request) | {"requested_at": request.requested_at.isoformat()}
        _replace(path, json.dumps(document, ensure_ascii=False))

    def requests(self) -> list[RetrainRequest]:
        """All requests, the oldest first. A folder without a readable request is deleted."""
        found = [self._read(path) for path in self._folder.glob(f"*/{_REQUEST}")]
        return sorted(
            (one for one in found if one is not None),
            key=lambda one: (one.requested_at, one.experiment_id),
        )

    def withdraw(self, experiment_id: str) -> None:
        """Delete a request that was canceled or failed; finished models are kept for the next."""
        (self._folder / experiment_id / _REQUEST).unlink(missing_ok=True)

    def forget(self, experiment_id: str) -> None:
        """Delete the request and its models, because the experiment is stored."""
        shutil.rmtree(self._folder / experiment_id, ignore_errors=True)

    def arms(self, experiment_id: str) -> "ArmFiles":
        """The finished models of an experiment."""
        return ArmFiles(self._folder / experiment_id)

    def _read(self, path: Path) -> RetrainRequest | None:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            question = document["question"]
            names = {field.name for field in fields(RetrainQuestion)}
            if question.keys() != names:
                raise ValueError(f"expected the fields {', '.join(sorted(names))}")
            for name in ("response_ids", "instance_ids"):
                question[name] = tuple(question[name])
            return RetrainRequest(
                **document
                | {
                    "question": RetrainQuestion(**question),
                    "requested_at": datetime.fromisoformat(document["requested_at"]),
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            _LOG.warning(
                "%s is not a request of this version of itlim (%s) and is deleted: ask again.",
                path,
                error,
            )
            shutil.rmtree(path.parent, ignore_errors=True)
            return None


class ArmFiles:
    """The finished models of one experiment, one file per model."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, number: int, kind: ArmKind, instance_ids: tuple[str, ...]) -> FinishedArm | None:
        """The model with this number; None if it is not finished or left out other instances."""
        path = self._path(number)
        if not path.exists():
            return None
        table = pq.read_table(path)
        stored: dict[str, Any] = json.loads(table.schema.metadata[_FIELDS])
        sha256 = stored.pop("weights_sha256")
        arm = Arm(
            **stored
            | {
                "kind": ArmKind(stored["kind"]),
                "instance_ids": tuple(stored["instance_ids"]),
                "tokens": table.replace_schema_metadata(None),
            }
        )
        if (arm.kind, arm.instance_ids) != (kind, instance_ids):
            return None
        return FinishedArm(arm=arm, weights_sha256=sha256)

    def save(self, number: int, finished: FinishedArm) -> None:
        """Keep a model that has been tuned and read."""
        self._folder.mkdir(parents=True, exist_ok=True)
        stored = {
            field.name: getattr(finished.arm, field.name)
            for field in fields(Arm)
            if field.name != "tokens"
        }
        text = json.dumps(stored | {"weights_sha256": finished.weights_sha256})
        tokens: pa.Table = finished.arm.tokens
        path = self._path(number)
        unfinished = path.with_suffix(".part")
        pq.write_table(tokens.replace_schema_metadata({_FIELDS: text}), unfinished)
        unfinished.replace(path)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.parquet"


def request_now(
    experiment_id: str, pair: str, question: RetrainQuestion, author: str
) -> RetrainRequest:
    """A request with the current time."""
    return RetrainRequest(
        experiment_id=experiment_id,
        pair=pair,
        question=question,
        author=author,
        requested_at=datetime.now(UTC),
    )


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
