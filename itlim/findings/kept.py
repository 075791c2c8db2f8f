"""Computed findings on disk, so that a start of the app does not compute them again."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from itlim.disk import whole_file
from itlim.findings.answers import MarkedPhrase, PairAnswers
from itlim.findings.estimates import Estimate
from itlim.ids import content_hash

_LOG = logging.getLogger(__name__)
_ESTIMATES = TypeAdapter(list[Estimate])
FINDINGS_VERSION = 5
"""Increase when the meaning of a finding changes; kept findings are then ignored."""


def findings_key(pair: PairAnswers) -> str:
    """Hash of everything that determines a pair's findings.

    Run ids are content hashes, so they stand for the answers and their tokens.
    """
    index = None if pair.index is None else pair.index.meta
    return content_hash(
        FINDINGS_VERSION,
        pair.pair,
        pair.tuning,
        pair.tag,
        pair.response_words,
        sorted([one.run_id, one.task, one.is_right, one.is_reviewed] for one in pair.answers),
        pair.marks_from,
        sorted(
            [one.run_id, mark.start, mark.stop, mark.cause or "", mark.is_judged, _verdicts(mark)]
            for one in pair.answers
            for mark in one.marks
        ),
        None if index is None else (index.dataset_sha256, index.recipe, index.encoder is not None),
    )[:16]


def _verdicts(mark: MarkedPhrase) -> list[list[bool]]:
    return sorted([one.is_causal, one.is_decoy, one.is_blind] for one in mark.verdicts)


def load_kept(folders: Sequence[Path], key: str) -> list[Estimate] | None:
    """The findings kept under a key in one of the folders; None if there are none."""
    for folder in folders:
        path = folder / f"{key}.json"
        if path.exists():
            try:
                return _ESTIMATES.validate_json(path.read_bytes())
            except (OSError, ValidationError) as error:
                # The file is only a cache: the findings are computed again.
                _LOG.warning("%s cannot be used (%s) and is ignored.", path, error)
    return None


def keep(folder: Path, key: str, found: Sequence[Estimate]) -> None:
    """Write findings under a key, atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps([one.row() for one in found], ensure_ascii=False, indent=1)
    with whole_file(folder / f"{key}.json") as draft:
        draft.write_text(text + "\n", encoding="utf-8")
