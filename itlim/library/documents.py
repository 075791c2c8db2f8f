"""Read and write the TOML of a library file; errors name the file and the entry."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tomli_w

from itlim.errors import LibraryError


def read(path: Path) -> dict[str, Any]:
    """Parse a library file.

    Raises:
        LibraryError: the file is not TOML or cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LibraryError(
            f"{path} is not a TOML file: {error}. Correct it or remove it."
        ) from error
    except OSError as error:
        raise LibraryError(
            f"{path} cannot be read: {error.strerror}. Check its permissions."
        ) from error


def write(document: Mapping[str, Any], path: Path) -> None:
    """Replace a library file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(tomli_w.dumps(document), encoding="utf-8")
    os.replace(draft, path)


def entries(
    document: Mapping[str, Any], section: str, path: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of each entry of a section.

    Raises:
        LibraryError: an entry is not a table.
    """
    for name, entry in document.get(section, {}).items():
        if not isinstance(entry, dict):
            raise LibraryError(f"{path}: [{section}.{name}] is not a table of keys and values.")
        yield name, entry


def reject_unknown_keys(entry: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    """Reject an entry with an unknown key, usually a typo.

    Raises:
        LibraryError: a key is unknown; the message lists the known ones.
    """
    unknown = set(entry) - known
    if unknown:
        raise LibraryError(
            f"{where} has the unknown key {sorted(unknown)[0]!r}: "
            f"expected {', '.join(sorted(known))}."
        )
