"""Resolve a model source to a location, device and dtype, with errors that say what to do.

Nothing here imports torch at module level: a wrong path is reported before it loads.
"""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from itlim.errors import ModelLoadError
from itlim.records import ModelSource

if TYPE_CHECKING:
    import torch

_LOG = logging.getLogger(__name__)


def is_local(source: ModelSource) -> bool:
    """Whether the path is a folder or file rather than a hub id (`name` or `owner/name`)."""
    path = source.path
    return (
        Path(path).expanduser().exists()
        or path.startswith((".", "~", os.sep))
        or path.count("/") > 1
        or "\\" in path
        or path.endswith(".gguf")
    )


def location(source: ModelSource) -> str:
    """The folder or file with `~` resolved, or the hub id."""
    return str(Path(source.path).expanduser()) if is_local(source) else source.path


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
