"""Resolve a model source to files, device and dtype, with errors that say what to do.

Nothing here imports torch at module level: a wrong path is reported before it loads.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from itlim.errors import ItlimError, ModelLoadError, OutOfMemoryError
from itlim.records import ModelSource

if TYPE_CHECKING:
    import torch

_LOG = logging.getLogger(__name__)
_MODEL_FILE = "config.json"
_ADAPTER_FILE = "adapter_config.json"
_ADAPTER_WEIGHTS = "adapter_model.safetensors"
_MEMORY_SIGNS = ("out of memory", "can't allocate memory", "cannot allocate memory", "bad_alloc")


def is_local(source: ModelSource) -> bool:
    """Whether the path refers to a folder rather than a hub id (`name` or `owner/name`)."""
    path = source.path
    return (
        Path(path).expanduser().exists()
        or path.startswith((".", "~", os.sep))
        or path.count("/") > 1
        or "\\" in path
    )


def location(source: ModelSource) -> str:
    """The folder with `~` resolved, or the hub id."""
    return str(Path(source.path).expanduser()) if is_local(source) else source.path


def check_model_folder(source: ModelSource) -> None:
    """Check that a local source is a full checkpoint.

    Raises:
        ModelLoadError: the path is missing, not a model folder, an adapter, or has only pickled
            weights.
    """
    if not is_local(source):
        return
    folder = _existing_folder(source)
    if not (folder / _MODEL_FILE).is_file():
        hint = (
            "It contains an adapter: give it as the pair's adapter, together with its base model."
            if (folder / _ADAPTER_FILE).is_file()
            else "Give the folder that save_pretrained wrote."
        )
        raise ModelLoadError(f"{folder} is not a model folder: it has no {_MODEL_FILE}. {hint}")
    if not any(folder.glob("*.safetensors")):
        _require_safetensors(source, folder, any(folder.glob("*.bin")))


def check_adapter_folder(source: ModelSource) -> None:
    """Check that a local source is a PEFT adapter.

    Raises:
        ModelLoadError: the path is missing, not an adapter folder, or has only pickled weights.
    """
    if not is_local(source):
        return
    folder = _existing_folder(source)
    if not (folder / _ADAPTER_FILE).is_file():
        hint = (
            "It contains a full model: give it as the tuned model instead."
            if (folder / _MODEL_FILE).is_file()
            else "Give the folder that PEFT's save_pretrained wrote."
        )
        raise ModelLoadError(f"{folder} is not an adapter: it has no {_ADAPTER_FILE}. {hint}")
    if not (folder / _ADAPTER_WEIGHTS).is_file():
        _require_safetensors(source, folder, any(folder.glob("*.bin")))


def has_tokenizer(source: ModelSource) -> bool:
    """Whether a local folder contains a tokenizer; for a hub id, try to load one instead."""
    folder = Path(location(source))
    names = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
    return any((folder / name).is_file() for name in names)


def resolve_device(source: ModelSource) -> str:
    """The device to load on; `auto` prefers cuda, then mps, then cpu.

    Raises:
        ModelLoadError: the requested device is not available.
    """
    import torch

    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if source.device == "auto":
        return next(device for device, present in available.items() if present)
    if not available[source.device]:
        raise ModelLoadError(
            f"{source.path} was requested on {source.device}, which torch does not find. "
            "Choose device cpu or auto."
        )
    return source.device


def resolve_dtype(source: ModelSource, stored: "torch.dtype | None", device: str) -> "torch.dtype":
    """The dtype to load weights in (see `ModelSource.dtype` for auto)."""
    import torch

    if source.dtype != "auto":
        dtype: torch.dtype = getattr(torch, source.dtype)
        return dtype
    if stored is None or (stored == torch.float16 and device == "cpu"):
        return torch.float32
    return stored


def free_memory(device: str) -> int:
    """Bytes of free memory on a device."""
    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    import psutil

    # mps uses the machine's main memory.
    return int(psutil.virtual_memory().available)


def warn_about_pickle(source: ModelSource) -> None:
    """Log a warning if a source may run code while loading."""
    if source.allow_pickle:
        _LOG.warning(
            "Loading %s with allow_pickle: pickled weights can run code on this machine.",
            source.path,
        )


@contextmanager
def load_errors(source: ModelSource, what: str) -> Iterator[None]:
    """Convert exceptions of the libraries while loading into errors that say what to do.

    Raises:
        OutOfMemoryError: memory ran out.
        ModelLoadError: any other failure.
    """
    try:
        with memory_errors(f"loading the {what} {source.path}"):
            yield
    except ItlimError:
        raise
    except Exception as error:
        raise ModelLoadError(_diagnosis(source, what, error)) from error


@contextmanager
def memory_errors(doing: str) -> Iterator[None]:
    """Convert every library's out-of-memory exception into `OutOfMemoryError`.

    Raises:
        OutOfMemoryError: memory ran out inside the block.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or _is_memory_error(error):
            raise OutOfMemoryError(
                f"Memory ran out while {doing}. Close other programs, choose a smaller dtype "
                "(bfloat16), a smaller model, or load the pair one model after the other "
                "(placement sequential)."
            ) from error
        raise


def _is_memory_error(error: BaseException) -> bool:
    return any(sign in str(error).lower() for sign in _MEMORY_SIGNS)


def _existing_folder(source: ModelSource) -> Path:
    folder = Path(location(source))
    if not folder.is_dir():
        raise ModelLoadError(
            f"There is no folder {folder}. Check the path, or give a hub id such as owner/name."
        )
    return folder


def _require_safetensors(source: ModelSource, folder: Path, has_pickle: bool) -> None:
    if not has_pickle:
        raise ModelLoadError(f"{folder} contains no weights (*.safetensors). Save the model again.")
    if not source.allow_pickle:
        raise ModelLoadError(
            f"{folder} contains only pickled weights (*.bin), which can run code while loading. "
            "Convert them to safetensors, or set allow_pickle for a source that you trust."
        )


def _diagnosis(source: ModelSource, what: str, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if is_local(source):
        return f"The {what} in {location(source)} cannot be loaded: {reason}"
    return (
        f"The {what} {source.path!r} cannot be loaded from the hub: {reason} "
        "Check the id, the revision and the connection, or give a local folder."
    )
