"""Uploaded files: their size and name are checked here, since a browser may send anything.

Streamlit checks the suffix of a name; the limit that it shows beside a field binds only browsers.
"""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

import streamlit as st

from itlim.disk import whole_file
from itlim.ui.shared.plain_text import show_error

MEGABYTES = 50
"""Largest file of a field that does not state another limit."""
_MEBIBYTE = 1024**2
_MAX_STEM, _MAX_SUFFIX = 50, 12
"""Code points of at most 4 bytes, and bytes; a name has at most 255 bytes."""
_UNFIT = re.compile(r"[^\w.()+ -]")


def upload_field(
    label: str,
    suffixes: Sequence[str],
    *,
    key: str,
    help: str | None = None,
    megabytes: int = MEGABYTES,
) -> Any:
    """A field for one file; one that is too large is rejected with a message.

    Args:
        label: what the file contains.
        suffixes: accepted suffixes, without the dot.
        key: of the field.
        help: shown beside the label.
        megabytes: size of the largest file.

    Returns:
        The file, or None.
    """
    file = st.file_uploader(
        label, type=list(suffixes), max_upload_size=megabytes, key=key, help=help
    )
    return next(iter(_accepted([] if file is None else [file], megabytes)), None)


def upload_fields(
    label: str,
    suffixes: Sequence[str],
    *,
    key: str,
    help: str | None = None,
    megabytes: int = MEGABYTES,
) -> list[Any]:
    """A field for several files; arguments as in `upload_field`."""
    files = st.file_uploader(
        label,
        type=list(suffixes),
        accept_multiple_files=True,
        max_upload_size=megabytes,
        key=key,
        help=help,
    )
    return _accepted(files, megabytes)


def _accepted(files: Sequence[Any], megabytes: int) -> list[Any]:
    """The files that are not too large."""
    found = []
    for file in files:
        if file.size <= megabytes * _MEBIBYTE:
            found.append(file)
        else:
            show_error(
                f"{safe_name(file.name)} has {file.size / _MEBIBYTE:,.1f} MB: this field takes at "
                f"most {megabytes} MB. Split the file, or add it on the command line."
            )
    return found


def safe_name(name: str) -> str:
    """A name for a file on this machine: no folders, no control characters, not too long.

    >>> safe_name("../../etc/pass\\0wd.csv")
    'pass_wd.csv'
    >>> safe_name("Fragen & Antworten.jsonl.gz")
    'Fragen _ Antworten.jsonl.gz'
    """
    last = PurePath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    # Code points that UTF-8 cannot encode cannot be part of a name.
    text = _UNFIT.sub("_", last.encode("utf-8", "replace").decode("utf-8")).lstrip(".")
    stem, suffix = split_name(text)
    return f"{stem[:_MAX_STEM]}{suffix}" or "_"


def split_name(name: str) -> tuple[str, str]:
    """Stem and suffix; of rows.csv.gz, both suffixes say what the file is.

    >>> split_name("rows.csv.gz"), split_name("v1.2.jsonl")
    (('rows', '.csv.gz'), ('v1.2', '.jsonl'))
    """
    path = PurePath(name)
    suffix = "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix
    suffix = suffix if len(suffix.encode()) <= _MAX_SUFFIX else ""
    return path.name.removesuffix(suffix), suffix


def write_upload(file: Any, folder: Path) -> Path:
    """Write an uploaded file into a folder, under a safe name.

    Raises:
        ItlimError: as `write_content`.
    """
    path = folder / safe_name(file.name)
    write_content(file.getvalue(), path)
    return path


def write_content(content: bytes, path: Path) -> None:
    """Write what was uploaded, in a folder that is created if it does not exist.

    Raises:
        DiskFullError: the disk is full; nothing of the file is kept.
        InputError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as draft:
        draft.write_bytes(content)
