"""Folders of a public server, which no page names: they are of no use to its visitors."""

import re
from pathlib import Path

from itlim.errors import InputError
from itlim.settings import (
    PROJECT_FOLDER,
    data_folders,
    database_path,
    is_public,
    user_folder,
    user_library_path,
)

_HIDDEN = "…"


def without_folders(text: str) -> str:
    """A text without the folders of this server; unchanged if it is not public."""
    try:
        hides = is_public()
    except InputError:
        hides = True  # This is the message about the invalid setting.
    if not hides:
        return text
    for folder in _folders():
        text = re.sub(rf"{re.escape(folder)}(?=/|[^\w./-]|\.?$|\.\s)", _HIDDEN, text)
    return text


def _folders() -> list[str]:
    """The folders as settings give them and after following links, longest first."""
    given = {
        *(database_path().parent, user_folder(), user_library_path().parent, PROJECT_FOLDER),
        *data_folders(),
    }
    every = {one for folder in given for one in (folder, folder.absolute(), _real(folder))}
    # A relative folder is a part of other words, and everything is below the root.
    named = [one for one in every if one.is_absolute() and one != Path(one.anchor)]
    return sorted(map(str, named), key=len, reverse=True)


def _real(folder: Path) -> Path:
    try:
        return folder.resolve()
    except (OSError, RuntimeError):
        return folder
