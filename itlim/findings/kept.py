"""Computed findings on disk, so that a start of the app does not compute them again."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from itlim.findings.answers import PairAnswers
from itlim.findings.estimates import Estimate
from itlim.ids import content_hash

FINDINGS_VERSION = 2
"""Increase when the meaning of a finding changes; kept findings are then ignored."""


def findings_key(pair: PairAnswers) -> str:
    """Hash of everything that determines a pair's findings.

    Run ids are content hashes, so they stand for the answers and their tokens.
    """
    index = None if pair.index is None else pair.index.meta
    return content_hash(
        FINDINGS_VERSION,
        pair.pair,
        sorted(one.run_id for one in pair.answers),
        pair.marks_from,
        sorted(
            [one.run_id, mark.start, mark.stop, mark.cause or "", mark.is_judged]
            for one in pair.answers
            for mark in one.marks
        ),
        None if index is None else (index.dataset_sha256, index.recipe, index.encoder is not None),
    )[:16]


def load_kept(folders: Sequence[Path], key: str) -> list[Estimate] | None:
    """The findings kept under a key in one of the folders; None if there are none."""
    for folder in folders:
        path = folder / f"{key}.json"
        if path.exists():
            rows = json.loads(path.read_text(encoding="utf-8"))
            return [Estimate(**row | {"cases": tuple(row["cases"])}) for row in rows]
    return None


def keep(folder: Path, key: str, found: Sequence[Estimate]) -> None:
    """Write findings under a key, atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{key}.json"
    draft = path.with_suffix(f".{os.getpid()}.part")
    text = json.dumps([one.row() for one in found], ensure_ascii=False, indent=1)
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)
