"""What a dataset was made from and how: a JSON file beside the dataset file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from itlim.disk import whole_file
from itlim.errors import DatasetError
from itlim.ids import file_sha256
from itlim.records.datasets import HubSource
from itlim.records.from_json import record_of
from itlim.text.messages import plural

# Not a suffix of data files, so that a folder of datasets is read without these files.
SUFFIX = ".lineage"
_KIND = "itlim-lineage/1"
_MOST_GENERATIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentDataset:
    """The dataset that another one was made from."""

    name: str
    source: str
    """Path or hub id."""
    sha256: str
    """Hash of its file; of the hashes of its files if there are several."""
    rows: int
    """Number of instances."""
    unreadable: int = 0
    """Number of rows that gave no instance."""
    lineage: Mapping[str, Any] | None = None
    """The document of the parent's own lineage, if it was made from another dataset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRow:
    """An instance of the parent for which no row could be made."""

    instance_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """How a dataset was made."""

    operation: str
    """Such as `simplify`."""
    method: str
    """What was done, as a sentence."""
    version: str
    """Version of the rules, templates or prompt."""
    parent: ParentDataset
    made_at: str
    """ISO 8601, UTC."""
    itlim_version: str
    rows: int
    changed: int
    """Rows that differ from their parent's."""
    sha256: str
    """Hash of the dataset file."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    """Name of the model on a server; empty if none was asked."""
    host: str = ""
    """Host of that server."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Number of instances that were left out on purpose, by reason."""
    failed: tuple[FailedRow, ...] = ()

    def is_same_work(self, other: "Lineage") -> bool:
        """Whether the same was done with the same dataset."""
        return self._work() == other._work()

    def _work(self) -> tuple[Any, ...]:
        parent = (self.parent.name, self.parent.sha256)
        made = (self.operation, self.version, self.model, self.host)
        return (*made, json.dumps(self.settings, sort_keys=True), parent)

    def document(self) -> dict[str, Any]:
        """The lineage as a JSON object."""
        document: dict[str, Any] = {"kind": _KIND} | asdict(self)
        return document


def lineage_path(dataset: Path) -> Path:
    """The file beside a dataset file that states its lineage."""
    return dataset.with_name(dataset.name + SUFFIX)


def read_lineage(source: str | Path | None) -> Lineage | None:
    """The lineage of a dataset file; None if none is recorded, as for hub ids and folders.

    Raises:
        DatasetError: the file beside the dataset is not a lineage.
    """
    if source is None or isinstance(source, HubSource) or not Path(source).is_file():
        return None
    path = lineage_path(Path(source))
    if not path.is_file():
        return None
    try:
        return lineage_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(
            f"{path} is not a lineage that itlim wrote ({error}). Remove it, or make the dataset "
            "again."
        ) from error


def lineage_of(document: Mapping[str, Any]) -> Lineage:
    """The lineage in a JSON object.

    Raises:
        ValueError: it is not what `Lineage.document` gives.
    """
    found = _one_lineage(document)
    earlier = found.parent.lineage
    for _ in range(_MOST_GENERATIONS):
        if earlier is None:
            return found
        earlier = _one_lineage(earlier).parent.lineage
    raise ValueError(f"more than {_MOST_GENERATIONS} datasets were made from each other")


def _one_lineage(document: Any) -> Lineage:
    if not isinstance(document, Mapping) or document.get("kind") != _KIND:
        raise ValueError(f"expected an object of the kind {_KIND}")
    return record_of(Lineage, dict(document))


def write_lineage(dataset: Path, lineage: Lineage) -> None:
    """Replace the lineage beside a dataset file.

    Raises:
        InputError, DiskFullError: it cannot be written.
    """
    text = json.dumps(lineage.document(), ensure_ascii=False, indent=1)
    with whole_file(lineage_path(dataset)) as draft:
        draft.write_text(text + "\n", encoding="utf-8")


def is_unchanged(dataset: Path, lineage: Lineage) -> bool:
    """Whether a dataset file is still the one that its lineage describes."""
    return file_sha256(dataset) == lineage.sha256


def lineage_lines(lineage: Lineage) -> list[str]:
    """The lineage in sentences, without paths, which visitors of a server should not see."""
    parent = lineage.parent
    counts = f"{plural(lineage.rows, 'row')}, {lineage.changed:,} changed"
    lines = [
        f"Made from {parent.name} ({plural(parent.rows, 'instance')}, sha256 "
        f"{parent.sha256[:12]}…) on {lineage.made_at[:16].replace('T', ' ')} UTC: {counts}.",
        f"{lineage.method} Version: {lineage.version}.",
    ]
    if lineage.model:
        lines.append(f"Written by {lineage.model} at {lineage.host}.")
    if lineage.settings:
        named = ", ".join(f"{name} {_shown(value)}" for name, value in lineage.settings.items())
        lines.append(f"Settings: {named}.")
    if parent.unreadable:
        lines.append(f"{plural(parent.unreadable, 'row')} of {parent.name} could not be read.")
    lines += [f"Left out: {count:,} × {reason}." for reason, count in lineage.left_out.items()]
    if lineage.failed:
        lines.append(
            f"{plural(len(lineage.failed), 'row')} failed and are not in the dataset, such as "
            f"{lineage.failed[0].instance_id}: {lineage.failed[0].reason}"
        )
    if parent.lineage is not None:
        lines += [f"{parent.name}: {line}" for line in lineage_lines(lineage_of(parent.lineage))]
    return lines


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
