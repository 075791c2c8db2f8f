"""Paths typed on pages: they are opened only inside the folders that are configured for that."""

import re
from collections.abc import Sequence
from pathlib import Path

from itlim.datasets.folders import check_inside, is_inside
from itlim.errors import InputError
from itlim.settings import data_folders
from itlim.text.markdown import message_as_markdown

_HUB_MODEL = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


def allowed_path(typed: str, folders: Sequence[Path]) -> Path:
    """Resolve a typed path, following links, and check that it is inside an allowed folder.

    A relative path is searched for in each of the folders.

    Raises:
        InputError: the path is outside the folders or does not exist.
    """
    try:
        given = Path(typed.strip()).expanduser()
        inside = next((folder / given for folder in folders if (folder / given).exists()), given)
        path = inside.resolve()
        exists = path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        # A NUL, a name that is too long, a loop of links, or the home of an unknown user.
        raise InputError(f"{typed.strip()!r:.80} is not a path: {error}.") from error
    if not is_inside(path, folders):
        raise InputError(
            f"{path} is outside the folders that this app may read: {_listed(folders)}. Move it "
            "into one of them, or allow its folder with the environment variable "
            "ITLIM_DATA_FOLDERS (several are separated as in PATH) and start the app again."
        )
    if not exists:
        raise InputError(f"There is no file or folder {path}. Check the path.")
    return path


def allowed_model(typed: str) -> str:
    """A typed model or tokenizer: the resolved path, which is an allowed one, or a hub id.

    A text is a hub id if it has the form of one (`name` or `owner/name`) and names nothing on this
    machine, neither in an allowed folder nor where the app was started.

    Raises:
        InputError: it is empty, or a path outside the allowed folders, or does not exist.
    """
    folders = data_folders()
    text = typed.strip()
    if not text:
        raise InputError("A model is missing: enter its folder or hub id.")
    if _HUB_MODEL.fullmatch(text) and not any(
        (place / text).exists() for place in (Path(), *folders)
    ):
        return text
    path = allowed_path(text, folders)
    for file in path.iterdir() if path.is_dir() else ():
        check_inside(file, folders)
    return str(path)


def readable_folders(folders: Sequence[Path]) -> str:
    """Markdown that says from which folders the app opens files, and how to allow others."""
    listed = ", ".join(f"`{folder}`" for folder in folders)
    return message_as_markdown(
        f"The app reads files in {listed}. To allow other folders, set the environment variable "
        "`ITLIM_DATA_FOLDERS`."
    )


def _listed(folders: Sequence[Path]) -> str:
    return ", ".join(str(folder) for folder in folders)
