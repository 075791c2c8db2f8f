"""Make a dataset from another one, with its lineage beside it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

import itlim
from itlim.datasets import open_dataset
from itlim.datasets.columns import looks_like
from itlim.datasets.instances import as_json
from itlim.datasets.lineage import (
    FailedRow,
    Lineage,
    ParentDataset,
    lineage_path,
    read_lineage,
    write_lineage,
)
from itlim.disk import whole_file
from itlim.errors import InputError
from itlim.ids import content_hash, file_sha256
from itlim.library import DatasetEntry
from itlim.progress import Cancelled, Progress
from itlim.schema import INSTANCES

PARENT_ID = "parent_id"
"""Column of a derived dataset: the id of the instance that a row was made from."""
_TEXTS = ("instruction", "input", "response")
_OTHERS = "parent_columns"
"""Column for the parent's columns whose names suggest a text of the instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A dataset in memory from which another is made."""

    facts: ParentDataset
    table: pa.Table
    """Rows of `schema.INSTANCES`."""

    def rows(self) -> list[dict[str, Any]]:
        """The instances in order, with the texts of `schema.INSTANCES`."""
        rows: list[dict[str, Any]] = self.table.to_pylist()
        return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedRow:
    """One row of the new dataset."""

    parent_id: str
    instruction: str
    input: str
    response: str
    notes: Mapping[str, Any] = field(default_factory=dict)
    """Further columns about how the row was made, such as its score."""

    @classmethod
    def of(
        cls,
        row: Mapping[str, Any],
        *,
        instruction: str | None = None,
        input: str | None = None,
        response: str | None = None,
        **notes: Any,
    ) -> "DerivedRow":
        """The row that an instance becomes; texts that are not given are those of the instance."""
        return cls(
            parent_id=row["instance_id"],
            instruction=row["instruction"] if instruction is None else instruction,
            input=row["input"] if input is None else input,
            response=row["response"] if response is None else response,
            notes=notes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """The rows of a new dataset, and how they were made."""

    operation: str
    method: str
    version: str
    rows: Sequence[DerivedRow]
    settings: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    host: str = ""
    left_out: Mapping[str, int] = field(default_factory=Counter)
    failed: Sequence[FailedRow] = ()


def read_parent(
    entry: DatasetEntry,
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Parent:
    """Read a dataset as a whole, with the hash of its files.

    Raises:
        DatasetError, NotFoundError: it cannot be read, or is not on this machine.
        CancelledError: `cancelled` returned True.
    """
    source = entry.located()
    reader = open_dataset(
        source,
        entry.name,
        format=entry.format,
        mapping=entry.mapping or None,
        progress=progress,
    )
    batches = list(reader.batches(progress=progress, cancelled=cancelled))
    table = pa.Table.from_batches(batches, schema=INSTANCES)
    before = read_lineage(source)
    facts = ParentDataset(
        name=entry.name,
        source=str(source),
        sha256=files_sha256([file.path for file in reader.files]),
        rows=table.num_rows,
        unreadable=reader.n_bad_rows,
        lineage=before.document() if before else None,
    )
    return Parent(facts=facts, table=table)


def files_sha256(files: Sequence[Path]) -> str:
    """The hash of a dataset: that of its only file, or one of the hashes of all files in order."""
    hashes = [file_sha256(path) for path in files]
    return hashes[0] if len(hashes) == 1 else content_hash(hashes)


def write_derived(out: Path, parent: Parent, derived: Derived) -> Lineage:
    """Write the rows as JSON Lines, in their order, and the lineage beside them.

    A file is replaced only if the same work made it.

    Raises:
        InputError: there is no row, or the file exists and is something else.
        ItlimError: the file cannot be written.
    """
    if not derived.rows:
        reasons = [*derived.left_out, *(one.reason for one in derived.failed)]
        why = f" The first reason: {reasons[0]}" if reasons else ""
        raise InputError(f"No row is left of {parent.facts.name}, so nothing was written.{why}")
    check_free(out, parent, derived)
    originals = {row["instance_id"]: row for row in parent.rows()}
    text = "".join(_line(row, originals[row.parent_id]["extra"]) + "\n" for row in derived.rows)
    changed = sum(_is_changed(row, originals[row.parent_id]) for row in derived.rows)
    return _write(out, text.encode(), _lineage(parent, derived, changed))


def check_free(out: Path, parent: Parent | None = None, derived: Derived | None = None) -> None:
    """Check that a file may be written.

    Args:
        out: the file.
        parent: the dataset to be changed; without it, any file that itlim made passes.
        derived: what is to be done with it; its rows may be missing.

    Raises:
        InputError: its folder is missing, or it exists and other work made it.
    """
    if not out.parent.is_dir():
        raise InputError(f"{out.parent} is not a folder: choose a file in an existing folder.")
    if not out.exists():
        return
    known = read_lineage(out)
    planned = _lineage(parent, derived, 0) if parent and derived else known
    if known is None or planned is None or not known.is_same_work(planned):
        raise InputError(
            f"{out} exists, and {'other work' if known else 'something else'} made it: choose "
            "another file, so that nothing is overwritten."
        )


def replies_path(out: Path) -> Path:
    """The file beside a derived dataset with the replies of the server that wrote it."""
    # Not a suffix of data files, so that a folder of datasets is read without it.
    return out.with_name(out.name + ".replies")


def files_of(dataset: Path) -> tuple[Path, ...]:
    """A dataset file and the files beside it that belong to it, whether or not they exist."""
    return dataset, lineage_path(dataset), replies_path(dataset)


def _lineage(parent: Parent, derived: Derived, changed: int) -> Lineage:
    """The lineage, without the hash of the file."""
    return Lineage(
        operation=derived.operation,
        method=derived.method,
        version=derived.version,
        parent=parent.facts,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        itlim_version=itlim.__version__,
        rows=len(derived.rows),
        changed=changed,
        sha256="",
        settings=derived.settings,
        model=derived.model,
        host=derived.host,
        left_out=dict(derived.left_out),
        failed=tuple(derived.failed),
    )


def _write(out: Path, content: bytes, lineage: Lineage) -> Lineage:
    with whole_file(out) as draft:
        draft.write_bytes(content)
        lineage = replace(lineage, sha256=file_sha256(draft))
        # A killed process may leave a dataset without lineage, never with that of another one.
        lineage_path(out).unlink(missing_ok=True)
    write_lineage(out, lineage)
    return lineage


def _line(row: DerivedRow, extra: str) -> str:
    """One row as JSON, with the parent's other columns."""
    texts = {"instruction": row.instruction, "input": row.input, "output": row.response}
    own = {**texts, PARENT_ID: row.parent_id, **row.notes}
    columns = json.loads(extra or "{}")
    # A column called "context" or "answer" could be taken for a text of the new instance.
    kept = {name: one for name, one in columns.items() if not looks_like(name)}
    others = {name: one for name, one in columns.items() if looks_like(name) or name in own}
    kept = {name: one for name, one in kept.items() if name not in own}
    return json.dumps(
        {**own, **kept, **({_OTHERS: as_json(others)} if others else {})}, ensure_ascii=False
    )


def _is_changed(row: DerivedRow, original: Mapping[str, Any]) -> bool:
    return any(getattr(row, name) != original[name] for name in _TEXTS)
