"""Load a base model for tuning and save the tuned model."""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from itlim.errors import InputError
from itlim.records import ModelSource
from itlim.training.recipes import DTYPES, Recipe

_LOG = logging.getLogger(__name__)


SAVE_DTYPES = ("float32", "float16", "bfloat16")


def tuning_dtype(dtype: str, device: str) -> str:
    """The dtype of the matrix products: `auto` is bfloat16 on a GPU that has it, else float32.

    Raises:
        InputError: tuning does not support the dtype.
    """
    import torch

    if dtype == "auto":
        has_bfloat16 = device == "cuda" and torch.cuda.is_bf16_supported()
        return "bfloat16" if has_bfloat16 else "float32"
    if dtype not in DTYPES:
        raise InputError(
            f"Tuning in {dtype} is not supported: expected auto, {' or '.join(DTYPES)}. The "
            "gradients of float16 underflow."
        )
    return dtype


def base_dtype(recipe: Recipe) -> str:
    """The dtype in which the base of a recipe is loaded: weights that are tuned are float32."""
    return "float32" if recipe.adapter_rank is None else recipe.dtype


def load_base(path: str, *, device: str = "cpu", dtype: str = "float32") -> tuple[Any, Any]:
    """Load a model and its tokenizer from a folder or hub id (safetensors or GGUF).

    An adapter in the model's folder is not applied; a warning is logged.

    Raises:
        ModelLoadError: the model or the tokenizer cannot be loaded.
        OutOfMemoryError: memory ran out.
    """
    from itlim.models.loading import load_model, read_checkpoint

    checkpoint = read_checkpoint(ModelSource(path=path, dtype=dtype, device=device))
    for notice in checkpoint.adapter_notice:
        _LOG.warning(notice)
    model = load_model(checkpoint)
    model.requires_grad_(requires_grad=True)
    if checkpoint.quantization is not None:
        _forget_quantization(model)
    return model, checkpoint.tokenizer


def _forget_quantization(model: Any) -> None:
    """Let transformers save a model that it read from a GGUF file; the weights are converted."""
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config


def weights_sha256(model: Any) -> str:
    """Hash of names, shapes and values of all weights; equal weights give equal hashes."""
    digest = hashlib.sha256()
    for name, weight in sorted(model.state_dict().items()):
        array = weight.detach().to("cpu").float().contiguous().numpy()
        digest.update(f"{name}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def save_tuned(
    model: Any, tokenizer: Any, recipe: Recipe, out: Path, *, save_dtype: str, base_path: str
) -> None:
    """Save full weights as safetensors or an adapter as a PEFT folder, with the tokenizer.

    Args:
        model: the model that `tune` returned; full weights are rounded in place.
        tokenizer: the tokenizer of the base model.
        recipe: the recipe used; determines whether there is an adapter.
        out: folder, created if missing.
        save_dtype: float32, or round the weights to float16 or bfloat16.
        base_path: the base model to name in the adapter's configuration.
    """
    import torch

    out.mkdir(parents=True, exist_ok=True)
    dtype = getattr(torch, save_dtype)
    if recipe.adapter_rank is not None:
        from peft import get_peft_model_state_dict
        from safetensors.torch import save_file

        state = get_peft_model_state_dict(model)
        save_file(
            {name: weight.detach().to(dtype).contiguous() for name, weight in state.items()},
            out / "adapter_model.safetensors",
            metadata={"format": "pt"},
        )
        config = model.peft_config["default"]
        config.base_model_name_or_path = base_path
        # PEFT writes a set, whose order differs between processes.
        config.target_modules = sorted(config.target_modules)
        config.inference_mode = True
        config.save_pretrained(str(out))
    else:
        model.to(dtype).save_pretrained(out)
    tokenizer.save_pretrained(out)


def write_training_note(out: Path, note: Mapping[str, Any]) -> None:
    """Write `training.json`: what was trained, on what, how, and with which versions."""
    text = json.dumps(note, ensure_ascii=False, indent=2, sort_keys=False)
    (out / "training.json").write_text(text + "\n", encoding="utf-8")


def library_versions() -> dict[str, str]:
    """Versions of the libraries that affect the weights."""
    from importlib.metadata import PackageNotFoundError, version

    import torch

    # The wheel on PyPI calls itself 2.13.0; only the module says which build it is: 2.13.0+cu130.
    versions = {"torch": str(torch.__version__)}
    for package in ("transformers", "tokenizers", "peft", "safetensors"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError as error:
            raise InputError(f"{package} is not installed: run make setup.") from error
    return versions
