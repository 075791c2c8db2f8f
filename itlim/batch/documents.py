"""The JSON files in the folder of a batch: read if they are readable, and replaced as a whole."""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LOG = logging.getLogger(__name__)


def read_document(path: Path) -> dict[str, Any] | None:
    """The object in a file; None if there is none, or the file cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        _LOG.warning("%s cannot be read: %s", path, error)
        return None
    return found if isinstance(found, dict) else None


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Replace a file; if that fails, it stays as it was.

    Raises:
        OSError: the file cannot be written.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        draft.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
