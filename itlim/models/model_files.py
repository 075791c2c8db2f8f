"""Check the files of a model or an adapter before a library reads them.

Nothing here imports torch: a wrong path is reported before it loads.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from itlim.errors import ModelLoadError
from itlim.models.file_faults import reject_faulty
from itlim.models.gguf import check_gguf, gguf_file
from itlim.models.sources import is_local, location
from itlim.records import ModelSource, Pair
from itlim.settings import user_folder

MODEL_FILE = "config.json"
ADAPTER_FILE = "adapter_config.json"
_ADAPTER_STEM = "adapter_model"
_WEIGHTS = "model.safetensors"
_WEIGHTS_INDEX = "model.safetensors.index.json"
_TOKENIZER = "tokenizer.json"
_SLOW_TOKENIZERS = ("tokenizer.model", "vocab.json", "merges.txt", "vocab.txt", "spiece.model")
_TOKENIZER_SETTINGS = (
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
)


def check_model_folder(source: ModelSource) -> None:
    """Check that a local source is a full checkpoint.

    Raises:
        ModelLoadError: the path is missing, not a model folder, an adapter, or has only pickled
            weights; or a file is a Git LFS pointer or damaged.
    """
    if not is_local(source):
        return
    gguf = gguf_file(source)
    if gguf is not None:
        reject_faulty([gguf])
        check_gguf(gguf)
        return
    folder = _existing_folder(source)
    if not (folder / MODEL_FILE).is_file():
        hint = (
            "It contains an adapter: give it as the pair's adapter, together with its base model."
            if (folder / ADAPTER_FILE).is_file()
            else "Give the folder that save_pretrained wrote."
        )
        raise ModelLoadError(f"{folder} is not a model folder: it has no {MODEL_FILE}. {hint}")
    weights = _weight_files(folder)
    if not weights:
        weights = _pickled_weights(source, folder)
    reject_faulty([folder / MODEL_FILE, *weights, *_tokenizer_files(folder)])


def check_tokenizer_files(source: ModelSource) -> None:
    """Check that a local folder has a tokenizer.

    Raises:
        ModelLoadError: it has none; or a file is a Git LFS pointer, empty or a web page.
    """
    if not is_local(source):
        return
    if not has_tokenizer(source):
        raise ModelLoadError(
            f"{location(source)} has no tokenizer. Save the model's tokenizer into that folder."
        )
    reject_faulty(_tokenizer_files(Path(location(source))))


def check_adapter_folder(source: ModelSource) -> None:
    """Check that a local source is a PEFT adapter.

    Raises:
        ModelLoadError: the path is missing, not an adapter folder, or has only pickled weights;
            or a file is a Git LFS pointer or damaged.
    """
    if not is_local(source):
        return
    folder = _existing_folder(source)
    if not (folder / ADAPTER_FILE).is_file():
        raise ModelLoadError(
            f"{folder} is not an adapter: it has no {ADAPTER_FILE}. {_adapter_hint(folder)}"
        )
    weights = folder / f"{_ADAPTER_STEM}.safetensors"
    if not weights.is_file():
        weights = folder / f"{_ADAPTER_STEM}.bin"
        reject_faulty([weights] if weights.is_file() else [])
        _require_safetensors(source, folder, has_pickle=weights.is_file())
    reject_faulty([folder / ADAPTER_FILE, weights])


def has_adapter_files(source: ModelSource) -> bool:
    """Whether a local model folder also contains a PEFT adapter."""
    return is_local(source) and (Path(location(source)) / ADAPTER_FILE).is_file()


def has_tokenizer(source: ModelSource) -> bool:
    """Whether a local folder contains a tokenizer; for a hub id, try to load one instead."""
    folder = Path(location(source))
    return any((folder / name).is_file() for name in (_TOKENIZER, *_SLOW_TOKENIZERS))


def missing_parts(pair: Pair) -> list[str]:
    """Folders and files of a pair that are missing or incomplete; hub ids are not looked up."""
    sources = dict.fromkeys((pair.base, pair.tuned_source))
    return [
        location(source)
        for source in sources
        if is_local(source) and not _is_complete(Path(location(source)))
    ]


def _is_complete(path: Path) -> bool:
    """Whether it is a file, or a folder with a model's or an adapter's configuration."""
    return path.is_file() or any((path / name).is_file() for name in (MODEL_FILE, ADAPTER_FILE))


def how_to_build(source: ModelSource) -> str | None:
    """What to do if a model that itlim builds on this machine is missing or incomplete."""
    path = Path(source.path)
    if not path.is_relative_to(user_folder() / "real") or _is_complete(path):
        return None
    return (
        f"The real family is not built on this machine: there is no finished model in {path}. Run "
        "`make real` or `itlim real build`."
    )


def _existing_folder(source: ModelSource) -> Path:
    folder = Path(location(source))
    if hint := how_to_build(source):
        raise ModelLoadError(hint)
    if folder.is_file():
        raise ModelLoadError(
            f"{folder} is a file: give the folder that contains it. Only a full model may be a "
            "file, in the GGUF format (.gguf)."
        )
    if not folder.is_dir():
        raise ModelLoadError(
            f"There is no folder {folder}. Check the path, or give a hub id such as owner/name."
        )
    return folder


def _weight_files(folder: Path) -> list[Path]:
    """The safetensors files that transformers reads; an adapter's weights are not among them."""
    if (folder / _WEIGHTS).is_file():
        return [folder / _WEIGHTS]
    index = folder / _WEIGHTS_INDEX
    if index.is_file():
        return [index, *_indexed_files(index)]
    return sorted(
        path for path in folder.glob("*.safetensors") if not path.stem.startswith(_ADAPTER_STEM)
    )


def _indexed_files(index: Path) -> Iterator[Path]:
    try:
        names = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
        shards = sorted({str(name) for name in names})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # A stand-in is named below; transformers gives the reason for any other fault.
        return
    for shard in shards:
        path = index.parent / shard
        if not path.is_file():
            raise ModelLoadError(
                f"{index.parent} lacks the weight file {shard}, which {index.name} names: copy or "
                "download it again."
            )
        yield path


def _pickled_weights(source: ModelSource, folder: Path) -> list[Path]:
    pickled = sorted(
        path for path in folder.glob("*.bin") if not path.stem.startswith(_ADAPTER_STEM)
    )
    if not pickled and (folder / ADAPTER_FILE).is_file():
        raise ModelLoadError(
            f"{folder} has a {MODEL_FILE} but only an adapter's weights: give it as the pair's "
            "adapter, together with its base model."
        )
    reject_faulty(pickled)
    _require_safetensors(source, folder, has_pickle=bool(pickled))
    return pickled


def _require_safetensors(source: ModelSource, folder: Path, *, has_pickle: bool) -> None:
    if not has_pickle:
        raise ModelLoadError(f"{folder} contains no weights (*.safetensors). Save the model again.")
    if not source.allow_pickle:
        raise ModelLoadError(
            f"{folder} contains only pickled weights (*.bin), which can run code while loading. "
            "Convert them to safetensors, or set allow_pickle for a source that you trust."
        )


def _adapter_hint(folder: Path) -> str:
    if (folder / MODEL_FILE).is_file():
        return "It contains a full model: give it as the tuned model instead."
    inside = sorted(path.parent.name for path in folder.glob(f"*/{ADAPTER_FILE}"))
    if inside:
        return f"Its folders {', '.join(inside)} contain adapters: give one of them."
    return "Give the folder that PEFT's save_pretrained wrote."


def _tokenizer_files(folder: Path) -> list[Path]:
    fast = folder / _TOKENIZER
    names = (_TOKENIZER,) if fast.is_file() else _SLOW_TOKENIZERS
    return [folder / name for name in (*names, *_TOKENIZER_SETTINGS) if (folder / name).is_file()]


def json_content(path: Path) -> Any:
    """The content of a JSON file of a checkpoint.

    Raises:
        ModelLoadError: it is not valid JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelLoadError(
            f"{path} is not valid JSON ({error}): copy or download it again."
        ) from error
