"""Speed and memory of tuning, beside a plain transformers Trainer on the same batches.

    python -m tests.benchmarks.bench_train [--steps 4] [--quick]

Both sides tune the same weights on the same instances in the same order, on one thread in
float32. The Trainer pads each batch to its longest instance and gets `micro_batch_size` rows at
once, as its users set it. Rounds alternate, and the median of their CPU times counts. Peak memory
is measured in a process of its own per side.

The model is SmolLM2-135M-Instruct if `itlim real build` has converted it, otherwise a random
Llama of 30M parameters; memory is always measured with a Llama of the size of SmolLM2-135M.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

from itlim.settings import user_folder
from itlim.training.encoding import IGNORED, EncodedInstance
from itlim.training.recipes import MICRO_BATCH_TOKENS, Recipe
from itlim.training.tune import tune
from itlim.training.tuning_run import batches_of

LEAST_SPEED = 1.0
MOST_GIGABYTES = 5.0
BATCH = 16
TRAINER_ROWS = 8
REAL_BASE = user_folder() / "real" / "base"


def random_llama(*, large: bool) -> LlamaForCausalLM:
    """A random model of 135M parameters, as SmolLM2, or of 30M."""
    torch.manual_seed(0)
    size = (576, 1536, 30, 9, 3) if large else (384, 1024, 8, 6, 2)
    hidden, inner, layers, heads, key_heads = size
    config = LlamaConfig(
        vocab_size=49_152,
        hidden_size=hidden,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_heads,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config)


def short_instances(number: int, vocabulary: int = 49_152) -> list[EncodedInstance]:
    """Random ids with lengths like those of open questions in databricks-dolly.

    Prompts with the Alpaca template have 40 to 70 tokens; the lengths of responses are
    log-normal with a median of 45 tokens, at most 400.
    """
    drawn = random.Random(0)
    made = []
    for index in range(number):
        prompt = drawn.randint(40, 70)
        response = min(400, max(4, round(drawn.lognormvariate(3.8, 0.9))))
        ids = [drawn.randrange(3, vocabulary) for _ in range(prompt + response)]
        made.append(
            EncodedInstance(
                instance_id=f"bench-{index + 1}",
                prompt_ids=tuple(ids[:prompt]),
                response_ids=tuple(ids[prompt:]),
            )
        )
    return made


def recipe() -> Recipe:
    return Recipe(name="sft", epochs=1, batch_size=BATCH, micro_batch_tokens=MICRO_BATCH_TOKENS)


def with_itlim(model: Any, instances: list[EncodedInstance]) -> None:
    tune(model, instances, recipe())


def with_trainer(model: Any, instances: list[EncodedInstance]) -> None:
    """The same steps with transformers' Trainer: order, batch, rate, clipping, masked prompt."""
    order = [index for batch in batches_of(len(instances), recipe(), 0) for index in batch]
    rows = [
        {
            "input_ids": list(one.prompt_ids + one.response_ids),
            "labels": [IGNORED] * len(one.prompt_ids) + list(one.response_ids),
        }
        for one in (instances[index] for index in order)
    ]

    class InOrder(Trainer):
        def _get_train_sampler(self, *_: Any) -> Any:
            return torch.utils.data.SequentialSampler(rows)  # type: ignore[arg-type]

    with tempfile.TemporaryDirectory() as folder:
        InOrder(
            model=model,
            args=TrainingArguments(
                output_dir=folder,
                num_train_epochs=1,
                per_device_train_batch_size=TRAINER_ROWS,
                gradient_accumulation_steps=BATCH // TRAINER_ROWS,
                learning_rate=recipe().learning_rate,
                lr_scheduler_type="cosine",
                max_grad_norm=recipe().gradient_norm,
                use_cpu=True,
                report_to=[],
                save_strategy="no",
                logging_strategy="no",
                disable_tqdm=True,
            ),
            train_dataset=rows,  # type: ignore[arg-type]
            data_collator=padded,
        ).train()


def padded(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    length = max(len(row["input_ids"]) for row in rows)

    def column(name: str, fill: int) -> torch.Tensor:
        return torch.tensor([row[name] + [fill] * (length - len(row[name])) for row in rows])

    ids = column("input_ids", 0)
    lengths = torch.tensor([[len(row["input_ids"])] for row in rows])
    mask = (torch.arange(length)[None] < lengths).long()
    return {"input_ids": ids, "labels": column("labels", IGNORED), "attention_mask": mask}


SIDES = {"itlim": with_itlim, "Trainer": with_trainer}


def cpu_seconds(side: str, model: Any, instances: list[EncodedInstance]) -> float:
    started = time.process_time()
    SIDES[side](model, instances)
    return time.process_time() - started


def peak_gigabytes(side: str, steps: int) -> float:
    """Peak memory of a process that does `steps` steps with the large model."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_train", "--peak", side]
    done = subprocess.run(
        [*command, "--steps", str(steps)], check=True, capture_output=True, text=True
    )
    return float(json.loads(done.stdout.splitlines()[-1]))


def print_peak(side: str, steps: int) -> None:
    torch.set_num_threads(1)
    # The longest of 384 instances are all in the first steps, where memory peaks.
    longest = sorted(short_instances(384), key=len, reverse=True)[: BATCH * steps]
    SIDES[side](random_llama(large=True), longest)
    print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20))


def loaded() -> tuple[str, Any]:
    if (REAL_BASE / "config.json").exists():
        from itlim.training.checkpoint import load_base

        return "SmolLM2-135M-Instruct", load_base(str(REAL_BASE))[0]
    return "a random Llama of 30M parameters", random_llama(large=False)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="One round, two steps, no memory.")
    parser.add_argument("--peak", choices=SIDES)
    options = parser.parse_args()
    if options.peak:
        print_peak(options.peak, options.steps)
        return
    steps, rounds = (2, 1) if options.quick else (options.steps, options.rounds)
    torch.set_num_threads(1)
    name, model = loaded()
    start = {key: value.clone() for key, value in model.state_dict().items()}
    instances = short_instances(BATCH * steps, model.config.vocab_size)
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side in SIDES:
            model.load_state_dict(start)
            times[side].append(cpu_seconds(side, model, instances))
    medians = {side: statistics.median(values) for side, values in times.items()}
    tokens = sum(map(len, instances))
    print(f"Tuning {name}: {steps} steps of {BATCH}, {tokens:,} tokens, one thread, float32")
    for side, seconds in medians.items():
        print(f"  {side:8} {seconds:7.1f} s of CPU time, {tokens / seconds:6.0f} tokens per second")
    speed = medians["Trainer"] / medians["itlim"]
    print(f"  speed / Trainer {speed:.2f} (at least {LEAST_SPEED:.2f}, median of {rounds})")
    failed = speed < LEAST_SPEED
    if not options.quick:
        peaks = {side: peak_gigabytes(side, steps=1) for side in SIDES}
        print(
            f"  peak memory, 135M parameters, the {BATCH} longest of 384 short instances: "
            + ", ".join(f"{side} {peak:.1f} GB" for side, peak in peaks.items())
            + f" (itlim at most {MOST_GIGABYTES:.1f} GB)"
        )
        failed = failed or peaks["itlim"] > MOST_GIGABYTES
    if failed:
        sys.exit("FAILED: tuning is slower than the Trainer, or needs too much memory")


if __name__ == "__main__":
    main()
