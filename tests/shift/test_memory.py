"""Memory of scoring beyond the weights, as the kernel reports it for separate processes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_models import Shape, byte_level_tokenizer, save_model

PROBE = Path(__file__).with_name("memory_probe.py")
MIB = 2**20

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(
        not Path("/proc/self/clear_refs").exists(), reason="the high-water mark is Linux's"
    ),
]


def probe(kind, folder):
    command = [sys.executable, str(PROBE), kind, str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout.splitlines()[-1])


def two_models(folder, shape, padding):
    save_model(folder / "base", "llama", shape=shape, padding=padding)
    save_model(folder / "tuned", "llama", shape=shape, padding=padding, shift=0.02)
    return folder


def test_logits_of_2048_positions_over_128000_ids_take_at_most_64_mib(tmp_path):
    """Whole, they would take 1000 MiB a model."""
    tokenizer = byte_level_tokenizer()
    tokenizer.add_tokens([f"word{number}" for number in range(128_000 - len(tokenizer))])
    shape = Shape(hidden=32, layers=1, context=2048)
    for name, shift in (("base", 0.0), ("tuned", 0.05)):
        save_model(tmp_path / name, "llama", shape=shape, tokenizer=tokenizer, shift=shift)
    found = probe("streamed", tmp_path)
    print(f"extra {found['extra'] / MIB:.1f} MiB")
    assert found["positions"] == 2047
    assert found["vocabulary"] == 128_000
    assert found["extra"] <= 64 * MIB, f"{found['extra'] / MIB:.1f} MiB"


def test_one_model_after_the_other_peaks_at_most_115_percent_of_the_larger(tmp_path):
    shape = Shape(hidden=768, layers=10, heads=12, intermediate=2048)
    two_models(tmp_path, shape, padding=4000)
    larger = max(
        sum(file.stat().st_size for file in folder.glob("*.safetensors"))
        for folder in (tmp_path / "base", tmp_path / "tuned")
    )
    apart, both = (probe(kind, tmp_path)["peak"] for kind in ("sequential", "together"))
    print(f"larger {larger / MIB:.0f}, apart {apart / MIB:.0f}, both {both / MIB:.0f} MiB")
    assert larger > 250 * MIB
    assert apart <= 1.15 * larger, f"{apart / larger:.2f} x"
    assert both > 1.9 * larger, "the probe must see two models where there are two"
