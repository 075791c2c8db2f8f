"""Read and write the TOML of a library file; errors name the file and the entry."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w

from itlim.disk import whole_file
from itlim.errors import InputError, LibraryError

_TYPES: dict[str, type] = {
    "allow_pickle": bool,
    "adds_special_tokens": bool,
    "tuning": object,
    "instances": object,
    "parameters": object,
    "mapping": object,
}
"""Types of the keys that are no texts; numbers and mappings are checked where they are read."""
_NAMES = {bool: "true or false", str: "text"}


def read(path: Path) -> dict[str, Any]:
    """Parse a library file.

    Raises:
        LibraryError: the file is not TOML or cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        raise LibraryError(
            f"{path} is not a TOML file: {error}. Correct it or remove it."
        ) from error
    except OSError as error:
        raise LibraryError(
            f"{path} cannot be read: {error.strerror}. Check its permissions."
        ) from error


def write(document: Mapping[str, Any], path: Path) -> None:
    """Replace a library file atomically.

    Raises:
        DiskFullError: the disk is full; the file is unchanged.
        InputError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as draft:
        draft.write_text(tomli_w.dumps(document), encoding="utf-8")


def entries(
    document: Mapping[str, Any], section: str, path: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of each entry of a section.

    Raises:
        LibraryError: an entry is not a table.
    """
    found = document.get(section, {})
    if not isinstance(found, dict):
        raise LibraryError(f"{path}: {section} is not a table of entries.")
    for name, entry in found.items():
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


@contextmanager
def usable_paths(where: str) -> Iterator[None]:
    """Report what is wrong with an entry or with its paths as a `LibraryError`."""
    try:
        yield
    except (InputError, OSError, RuntimeError, ValueError) as error:
        # A NUL, a name that is too long, a loop of links, or the home of an unknown user.
        raise LibraryError(f"{where}: {error}") from error


def check_types(entry: Mapping[str, Any], where: str) -> None:
    """Check that the values of an entry are texts, or of the type of their key.

    Raises:
        LibraryError: a value has another type.
    """
    for key, value in entry.items():
        expected = _TYPES.get(key, str)
        if not isinstance(value, expected):
            raise LibraryError(
                f"{where} {key} is a {type(value).__name__}: expected {_NAMES[expected]}."
            )
