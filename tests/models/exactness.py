"""Compare the numbers of a pair with those of plain transformers and PEFT models.

Run as a script to list the largest error of every architecture and PEFT method:

    PYTHONPATH=.:tests HF_HUB_OFFLINE=1 .venv/bin/python tests/models/exactness.py
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from models.architectures import ARCHITECTURES, LORA_TARGETS, save_architecture
from models.peft_methods import EXACT, save_method
from tiny_models import save_adapter
from transformers import AutoModelForCausalLM

from itlim.models.huggingface import load_pair
from itlim.records import ModelSource, Pair
from itlim.shift.greedy import generate_batch
from itlim.shift.live import LiveScoring
from itlim.shift.measure import score

LARGEST = 1e-5
"""Largest accepted difference of a probability."""
INSTRUCTIONS = ("Name a river.", "Who wrote Emma and when was it?", "Hi")
_NEW_TOKENS = 10


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Largest differences of probabilities, and whether the answers are the greedy ones."""

    live: float
    scored: float
    greedy: bool
    """Every token is the reference's most probable one."""
    batched: bool
    """Answers to several prompts at once are the same tokens."""

    @property
    def largest(self) -> float:
        return max(self.live, self.scored)


def pair_of(base: Path, *, tuned: Path | None = None, adapter: Path | None = None) -> Pair:
    sources = {"tuned": tuned, "adapter": adapter}
    return Pair(
        name="tiny",
        base=ModelSource(path=str(base)),
        template="plain",
        **{role: ModelSource(path=str(path)) for role, path in sources.items() if path},
    )


def plain_models(pair: Pair):
    """Base and tuned model, loaded apart from each other without itlim."""
    base = AutoModelForCausalLM.from_pretrained(pair.base.path).eval()
    if pair.tuned is not None:
        return base, AutoModelForCausalLM.from_pretrained(pair.tuned.path).eval()
    from peft import PeftModel

    other = AutoModelForCausalLM.from_pretrained(pair.base.path)
    return base, PeftModel.from_pretrained(other, pair.adapter.path).eval()


def compare(pair: Pair) -> Comparison:
    """Load a pair and compare its numbers, live and scored, with whole passes of plain models."""
    loaded = load_pair(pair)
    base, tuned = plain_models(pair)
    prompts = [loaded.render(one) for one in INSTRUCTIONS]
    answers, live_errors, scored_errors, greedy = [], [], [], True
    for prompt in prompts:
        live = LiveScoring(loaded, prompt, _NEW_TOKENS)
        list(live.steps())
        ids = live.generation.token_ids
        answers.append(ids)
        expected = [
            _probabilities(model, prompt.token_ids, ids, loaded.shared.stop)
            for model in (base, tuned)
        ]
        scored = score(loaded, prompt.token_ids, ids)
        live_errors += _errors(live.shifts, expected)
        scored_errors += _errors(scored, expected)
        greedy &= bool((expected[1].argmax(1) == np.array(ids)).all())
    batch = generate_batch(loaded, prompts, _NEW_TOKENS)
    return Comparison(
        live=max(live_errors),
        scored=max(scored_errors),
        greedy=greedy,
        batched=[one.token_ids for one in batch] == answers,
    )


@torch.inference_mode()
def _probabilities(model, prompt_ids, response_ids, stop):
    """(T, stop) probabilities of one whole pass."""
    ids = torch.tensor([[*prompt_ids, *response_ids]])
    logits = model(input_ids=ids, use_cache=False).logits[0, len(prompt_ids) - 1 : -1, :stop]
    return logits.double().softmax(1).numpy()


def _errors(shifts, expected) -> list[float]:
    rows = np.arange(len(shifts))
    base, tuned = expected
    found = {
        "emitted by base": (shifts.emitted_prob, base[rows, shifts.token_id]),
        "emitted by tuned": (shifts.emitted_tuned_prob, tuned[rows, shifts.token_id]),
        "top of base": (shifts.top_base_probs, np.take_along_axis(base, shifts.top_base_ids, 1)),
        "top of tuned": (
            shifts.top_tuned_probs,
            np.take_along_axis(tuned, shifts.top_tuned_ids, 1),
        ),
    }
    return [float(np.abs(one - other).max()) for one, other in found.values()]


def architecture_pair(folder: Path, model_type: str, tuning: str) -> Pair:
    """A full pair, or a base with a LoRA adapter, of one architecture."""
    base = save_architecture(folder / "base", model_type)
    if tuning == "full":
        return pair_of(base, tuned=save_architecture(folder / "tuned", model_type, shift=0.05))
    targets = LORA_TARGETS.get(model_type, "all-linear")
    return pair_of(base, adapter=save_adapter(folder / "adapter", base, targets=targets))


def method_pair(folder: Path, method: str, architecture: str) -> Pair:
    """A base with an adapter of one PEFT method."""
    base = save_architecture(folder / "base", architecture)
    return pair_of(base, adapter=save_method(folder / "adapter", base, method))


def _all_comparisons() -> Iterator[tuple[str, Comparison]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for model_type in ARCHITECTURES:
            for tuning in ("full", "lora"):
                pair = architecture_pair(folder / f"{model_type}-{tuning}", model_type, tuning)
                yield f"{model_type}, {tuning}", compare(pair)
        for method, architectures in EXACT.items():
            for architecture in architectures:
                pair = method_pair(folder / f"{method}-{architecture}", method, architecture)
                yield f"{method} on {architecture}", compare(pair)


if __name__ == "__main__":
    for title, comparison in _all_comparisons():
        sys.stdout.write(f"{title}: {comparison.largest:.1e}\n")
