"""Paths on this machine: environment variables take precedence over the user's folders."""

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
PROJECT_FOLDER = _PACKAGE if (_PACKAGE / "data").is_dir() else _PACKAGE.parent
"""Contains `data/`: the checkout, or the package itself if installed from a wheel."""
APP_FILE = (
    _PACKAGE / "ui" / "app" / "app.py" if PROJECT_FOLDER == _PACKAGE else PROJECT_FOLDER / "app.py"
)
"""The script that Streamlit runs."""
ICON_FILE = _PACKAGE / "ui" / "icon.svg"
DEMO_FOLDER = PROJECT_FOLDER / "data" / "demo"
REFERENCE_RESPONSES = PROJECT_FOLDER / "data" / "reference" / "responses.jsonl"
REFERENCE_ANSWERS = PROJECT_FOLDER / "data" / "reference" / "short_answers.jsonl"
SHIPPED_LIBRARY = PROJECT_FOLDER / "data" / "library.toml"
SHIPPED_DATASETS = PROJECT_FOLDER / "data" / "datasets.toml"


def user_folder() -> Path:
    """The user's data folder; `ITLIM_HOME` overrides it."""
    override = os.environ.get("ITLIM_HOME")
    return Path(override) if override else Path(platformdirs.user_data_dir("itlim"))


def database_path() -> Path:
    """The DuckDB file; `ITLIM_DB` overrides it."""
    override = os.environ.get("ITLIM_DB")
    return Path(override) if override else user_folder() / "itlim.duckdb"


def user_library_path() -> Path:
    """The user's own library file, read after the shipped one; `ITLIM_LIBRARY` overrides it."""
    override = os.environ.get("ITLIM_LIBRARY")
    return Path(override) if override else user_folder() / "library.toml"


def data_folders() -> tuple[Path, ...]:
    """Folders from which visitors of the app may open dataset files.

    The project's data folder and the user's; `ITLIM_DATA_FOLDERS`, separated as in PATH,
    overrides both.
    """
    override = os.environ.get("ITLIM_DATA_FOLDERS")
    if override:
        return tuple(Path(part).expanduser() for part in override.split(os.pathsep) if part)
    return (PROJECT_FOLDER / "data", user_folder())


def uploads_folder() -> Path:
    """Folder for uploaded dataset files."""
    return user_folder() / "datasets"
