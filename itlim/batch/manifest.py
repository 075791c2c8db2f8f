"""The manifest of an output: what it contains, with which models and settings, and what failed."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from itlim import __version__
from itlim.batch.instructions import InstructionFile
from itlim.batch.output import DRAFT, FILES
from itlim.batch.plan import BatchSettings, PairPlan
from itlim.errors import InputError
from itlim.ids import file_sha256

FORMAT = "itlim-batch/1"
MANIFEST_FILE = "manifest.json"
LOCK_FILE = ".lock"
_BLOCK_BYTES = 1 << 20


def read_manifest(out: Path) -> dict[str, Any] | None:
    """The manifest of an output; None if the folder has none.

    Raises:
        InputError: the file is not a manifest of this version.
    """
    path = out / MANIFEST_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read: {error}. Choose another folder.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        received = document.get("format") if isinstance(document, dict) else type(document).__name__
        raise InputError(
            f"{path} has the format {received!r}, expected {FORMAT!r}: it is not a batch output "
            "of this version of itlim."
        )
    for name, is_valid in _VALID.items():
        if name in document and not is_valid(document[name]):
            raise InputError(
                f"{path} is damaged: {name} is {repr(document[name])[:60]}, which is not of a "
                "batch. Copy the folder again, or choose another one."
            )
    return document


def _is_file(stated: Any) -> bool:
    return isinstance(stated, dict) and isinstance(stated.get("sha256"), str)


def _is_pair(stated: Any) -> bool:
    # A hash is null if the answers were imported without their models.
    return (
        isinstance(stated, dict)
        and isinstance(stated.get("name"), str)
        and {"base_hash", "tuned_hash"} <= stated.keys()
    )


def _is_object(stated: Any) -> bool:
    return isinstance(stated, dict)


_VALID: dict[str, Callable[[Any], bool]] = {
    "files": lambda stated: _is_object(stated) and all(map(_is_file, stated.values())),
    "pairs": lambda stated: isinstance(stated, list) and all(map(_is_pair, stated)),
    "settings": _is_object,
    "traced": _is_object,
    "instructions": lambda stated: isinstance(stated, list),
}
"""What the parts of a manifest look like; an unfinished output has no files yet."""


def write_manifest(out: Path, document: Mapping[str, Any]) -> None:
    """Write the manifest atomically."""
    draft = out / (MANIFEST_FILE + DRAFT)
    text = json.dumps({"format": FORMAT} | dict(document), ensure_ascii=False, indent=1)
    try:
        draft.write_text(text + "\n", encoding="utf-8")
        os.replace(draft, out / MANIFEST_FILE)
    finally:
        draft.unlink(missing_ok=True)


def files_of(out: Path) -> dict[str, dict[str, Any]]:
    """Rows and SHA-256 of each table of an output."""
    return {
        name: {
            "n_rows": pq.ParquetFile(out / name).metadata.num_rows,
            "sha256": file_sha256(out / name),
        }
        for name in FILES
        if (out / name).exists()
    }


def accepted_manifest(
    out: Path, plans: Sequence[PairPlan], settings: BatchSettings
) -> dict[str, Any]:
    """The manifest of what the folder contains; empty for a new output."""
    before = read_manifest(out)
    if before is None:
        names = {path.name for path in out.iterdir()} - {LOCK_FILE}
        # A kill may have left the draft of a first manifest.
        if unknown := {name for name in names if not name.startswith(MANIFEST_FILE)}:
            raise InputError(
                f"{out} contains {sorted(unknown)[0]} and no batch output: choose a new folder, "
                "so that nothing is overwritten."
            )
        return {}
    stated = before.get("settings", {})
    for name, value in _fixed(settings).items():
        if stated.get(name) != value:
            raise InputError(
                f"{out} was written with {name} {stated.get(name)}, not {value}: "
                "choose another folder, or use the same value."
            )
    known = {one["name"]: (one["base_hash"], one["tuned_hash"]) for one in before.get("pairs", [])}
    for plan in plans:
        now = (plan.hashes.base, plan.hashes.tuned)
        if known.get(plan.pair.name, now) != now:
            raise InputError(
                f"{out} has answers of other weights of {plan.pair.name}: choose another folder."
            )
    return before


def _fixed(settings: BatchSettings) -> dict[str, int]:
    """The settings that all runs of an output share."""
    return {"max_new_tokens": settings.max_new_tokens, "top_k": settings.top_k}


def new_manifest(
    before: Mapping[str, Any],
    plans: Sequence[PairPlan],
    asked: InstructionFile,
    settings: BatchSettings,
) -> dict[str, Any]:
    """The manifest of an output to which these plans are added.

    Args:
        before: the manifest so far; empty for a new output.
        plans: what is asked of each pair.
        asked: the instruction file.
        settings: the limits.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    pairs = {one["name"]: one for one in before.get("pairs", [])}
    for plan in plans:
        pair = plan.pair
        pairs[pair.name] = {
            "name": pair.name,
            "base_hash": plan.hashes.base,
            "tuned_hash": plan.hashes.tuned,
            "tuning": str(pair.kind),
            "template": pair.template_name,
            "dataset": pair.dataset,
        }
    file = {"name": asked.name, "sha256": asked.sha256, "n_items": len(asked.items)}
    files = [*(one for one in before.get("instructions", []) if one != file), file]
    return {
        "itlim_version": __version__,
        "created_at": before.get("created_at", now),
        "updated_at": now,
        "pairs": list(pairs.values()),
        "instructions": files,
        "settings": _fixed(settings),
        "traced": dict(before.get("traced", {})),
    }
