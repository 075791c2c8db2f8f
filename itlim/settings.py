"""Settings of this machine, from environment variables: paths, and what visitors may do."""

import os
from pathlib import Path

import platformdirs

from itlim.errors import InputError

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
    """Folders from which visitors of the app may open datasets, models and tokenizers.

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


def endpoint_url() -> str:
    """Address of the server with OpenAI's protocol, in `ITLIM_API_URL`; empty if there is none.

    Visitors cannot choose it, because the key is sent there.
    """
    return os.environ.get("ITLIM_API_URL", "").strip()


def key_urls() -> tuple[str, ...]:
    """Addresses of further servers that get the key, in `ITLIM_KEY_URLS`, separated by spaces."""
    return tuple(os.environ.get("ITLIM_KEY_URLS", "").split())


def endpoint_model() -> str:
    """Name of a model on that server, in `ITLIM_API_MODEL`; empty if none is named."""
    return os.environ.get("ITLIM_API_MODEL", "").strip()


def judge_folder() -> Path:
    """Folder of the replies of judging models."""
    return user_folder() / "judge"


def is_public() -> bool:
    """Whether the app serves visitors who are not trusted; `ITLIM_PUBLIC` turns this on."""
    return _switch("ITLIM_PUBLIC", default=False)


def is_read_only() -> bool:
    """Whether visitors leave the shared database unchanged.

    The default is that of `is_public`; `ITLIM_READ_ONLY` overrides it.
    """
    return _switch("ITLIM_READ_ONLY", default=is_public())


def _switch(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "").strip()
    if value not in ("", "0", "1"):
        raise InputError(f"The environment variable {name} is {value!r}: expected 1 or 0.")
    return value == "1" if value else default
