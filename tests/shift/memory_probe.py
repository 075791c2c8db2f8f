"""Report the memory that one scoring takes, from the kernel's peak value; run it as a process.

python memory_probe.py streamed FOLDER      extra bytes at T = 2,048, V = 128,000
python memory_probe.py sequential FOLDER    peak bytes, one model after the other
python memory_probe.py together FOLDER      peak bytes, both at once
"""

import gc
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tiny_models import full_pair

from itlim.models.huggingface import load_pair
from itlim.records import ModelSource, Pair
from itlim.shift.measure import score


def status(name: str) -> int:
    """VmRSS or VmHWM of this process in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise KeyError(name)


def reset_peak() -> int:
    """Let the high-water mark begin anew; returns the bytes held now."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return status("VmRSS")


def warm_up() -> None:
    """Bring libraries and compiled code in, so that only models and measures count."""
    with tempfile.TemporaryDirectory() as folder:
        pair = full_pair(Path(folder), "llama")
        for placement in ("together", "sequential"):
            loaded = load_pair(pair, placement=placement)
            score(loaded, [5, 6], [7] * 8)
            loaded.close()


def pair_in(folder: Path) -> Pair:
    return Pair(
        name="probe",
        base=ModelSource(path=str(folder / "base")),
        tuned=ModelSource(path=str(folder / "tuned")),
        template="plain",
    )


def ids(count: int, vocabulary: int) -> list[int]:
    return np.random.default_rng(0).integers(0, vocabulary, count).tolist()


def streamed(folder: Path) -> dict[str, int]:
    loaded = load_pair(pair_in(folder))
    tokens = ids(2048, loaded.shared.stop)
    score(loaded, tokens[:1], tokens[1:20])
    held = reset_peak()
    shifts = score(loaded, tokens[:1], tokens[1:])
    with loaded.tuned_model() as model:
        hidden = model.model.config.hidden_size
    return {
        "positions": len(shifts),
        "vocabulary": loaded.shared.stop,
        "extra": status("VmHWM") - held - 2 * len(shifts) * hidden * 4,
    }


def peak(folder: Path, placement: str) -> dict[str, int]:
    held = reset_peak()
    loaded = load_pair(pair_in(folder), placement=placement)
    tokens = ids(64, loaded.shared.stop)
    first = score(loaded, tokens[:8], tokens[8:])
    second = score(loaded, tokens[:8], tokens[8:])
    np.testing.assert_allclose(first.kl_tuned_base, second.kl_tuned_base, rtol=1e-5)
    return {"peak": status("VmHWM") - held}


def main() -> None:
    torch.set_num_threads(1)
    kind, folder = sys.argv[1], Path(sys.argv[2])
    warm_up()
    print(json.dumps(streamed(folder) if kind == "streamed" else peak(folder, kind)))


if __name__ == "__main__":
    main()
