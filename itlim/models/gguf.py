"""Models in the GGUF format of llama.cpp, which transformers converts while loading."""

import re
import struct
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

from itlim.errors import ModelLoadError
from itlim.models.sources import is_local, location
from itlim.records import ModelSource

SUFFIX = ".gguf"
_MAGIC = b"GGUF"
_PART = re.compile(r"-\d{5}-of-\d{5}\.gguf$")


def gguf_file(source: ModelSource) -> Path | None:
    """The GGUF file of a local source; None if the source is a folder of another format.

    A folder with a `config.json` and safetensors weights is read as such, even if a GGUF file is
    next to them.

    Raises:
        ModelLoadError: the file is missing, or the folder contains several.
    """
    path = Path(location(source))
    if not is_local(source):
        return None
    if path.suffix == SUFFIX and not path.is_dir():
        if not path.is_file():
            raise ModelLoadError(f"There is no file {path}. Check the path.")
        if _PART.search(path.name):
            raise ModelLoadError(
                f"{path} is one of several files of a split GGUF model, which transformers cannot "
                "read: join them with `llama-gguf-split --merge`."
            )
        return path
    if not path.is_dir() or _is_plain_checkpoint(path):
        return None
    found = sorted(path.glob(f"*{SUFFIX}"))
    if any(_PART.search(one.name) for one in found):
        raise ModelLoadError(
            f"{path} contains a GGUF model that is split into several files, which transformers "
            "cannot read: join them with `llama-gguf-split --merge`."
        )
    if len(found) > 1:
        raise ModelLoadError(
            f"{path} contains several GGUF files ({', '.join(one.name for one in found)}): give "
            "the path of one of them."
        )
    return found[0] if found else None


def check_gguf(path: Path) -> None:
    """Check that a file is GGUF and that the package that reads it is installed.

    Raises:
        ModelLoadError: it is not, or the package is missing; the message says how to get it.
    """
    with path.open("rb") as stream:
        start = stream.read(len(_MAGIC))
    if start != _MAGIC:
        raise ModelLoadError(
            f"{path} is not a GGUF file: it starts with {start!r} instead of {_MAGIC!r}. Copy or "
            "download it again."
        )
    if find_spec("gguf") is None:
        raise ModelLoadError(
            f"{path} is a GGUF file, which needs the package gguf: install it with "
            '`pip install "itlim[gguf]"` or `pip install gguf`.'
        )


def quantization(path: Path) -> str:
    """The quantization of a GGUF file, such as "Q4_K_M", "Q8_0" or "F16".

    Raises:
        ModelLoadError: the file is damaged.
    """
    from gguf import GGUFReader, LlamaFileType

    try:
        reader = GGUFReader(path)
    except (ValueError, OSError, IndexError, KeyError, struct.error) as error:
        raise ModelLoadError(f"{path} is damaged ({error}): copy or download it again.") from error
    field = reader.get_field("general.file_type")
    if field is not None:
        stated = int(field.contents())
        if stated in set(LlamaFileType):
            return LlamaFileType(stated).name.removeprefix("MOSTLY_").removeprefix("ALL_")
    # Files written by other tools may not state it: the type of most weights.
    sizes: Counter[str] = Counter()
    for tensor in reader.tensors:
        sizes[tensor.tensor_type.name] += int(tensor.n_elements)
    return sizes.most_common(1)[0][0] if sizes else "unknown"


def shown_quantization(source: ModelSource) -> str | None:
    """The quantization for lists of models; None if there is none or it cannot be read now."""
    try:
        path = gguf_file(source)
        if path is None:
            return None
        check_gguf(path)
        return quantization(path)
    except (ModelLoadError, OSError):
        # Loading the model states the reason.
        return None


def _is_plain_checkpoint(folder: Path) -> bool:
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))
