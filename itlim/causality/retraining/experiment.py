"""Test whether a phrase survives retraining without chosen instances, against random controls."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from itlim import __version__
from itlim.causality.cases import span_tokens
from itlim.causality.probes import response_logps
from itlim.causality.retraining.known_recipe import KnownRecipe
from itlim.causality.retraining.question import control_groups, experiment_id, holds
from itlim.causality.retraining.unfinished import ArmFiles, FinishedArm
from itlim.causality.retraining.without_instances import Retraining
from itlim.errors import CancelledError, InputError
from itlim.progress import Cancelled, Progress, StepProgress
from itlim.records import Prompt, Thresholds
from itlim.records.retrainings import Arm, ArmKind, RetrainExperiment, RetrainQuestion
from itlim.shift.greedy import generate
from itlim.shift.measure import score
from itlim.shift.tables import token_table
from itlim.training.checkpoint import weights_sha256

if TYPE_CHECKING:
    from itlim.models.pair import LoadedPair


def run_experiment(
    question: RetrainQuestion,
    known: KnownRecipe,
    *,
    author: str = "",
    finished: ArmFiles | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> RetrainExperiment:
    """Tune the full model again, then without the chosen instances, then without each control.

    All models are tuned in this process, one after the other on one thread, so that only the
    instances differ and rounding is the same.

    Args:
        question: the phrase and the instances to leave out.
        known: the recipe with which the pair was tuned.
        author: stored with the experiment.
        finished: keeps each model's reading; models that it already contains are not tuned again.
        progress: called with the fraction done and the current step.
        cancelled: called between steps; returns True to stop.

    Raises:
        ModelLoadError, DatasetError, ContextLengthError, NonFiniteError: see `KnownRecipe` and
            `tune`.
        CancelledError: `cancelled` returned True; nothing is stored.
    """
    report = progress or (lambda _fraction, _what: None)
    stop = cancelled or (lambda: False)
    groups = [(ArmKind.FULL, ()), (ArmKind.CHOSEN, question.instance_ids)]
    groups += [(ArmKind.CONTROL, one) for one in control_groups(question, known)]
    report(0.0, "Loading the base model")
    with _one_thread():
        retraining = known.retraining()
        reader = _Reader(question, retraining)
        arms: list[Arm] = []
        tuned_sha256 = ""
        for number, (kind, without) in enumerate(groups):
            steps = _steps(report, number, len(groups), _label(kind, number, question))
            if stop():
                raise CancelledError("The retraining was canceled.")
            one = finished.load(number, kind, tuple(without)) if finished else None
            if one is None:
                full = arms[0].answer if arms else None
                one = _tuned_arm(kind, tuple(without), full, retraining, reader, steps, stop)
                if finished is not None:
                    finished.save(number, one)
            arms.append(one.arm)
            tuned_sha256 = tuned_sha256 or one.weights_sha256
        base_logp = reader.logp(retraining.shell)
    report(1.0, "Done")
    return RetrainExperiment(
        experiment_id=experiment_id(question, known),
        question=question,
        pair=known.pair.name,
        recipe=known.recipe.name,
        recipe_hash=known.identity(),
        base_sha256=known.base_sha256,
        tuned_sha256=tuned_sha256,
        base_logp=base_logp,
        arms=tuple(arms),
        author=author,
        created_at=datetime.now(UTC),
        itlim_version=__version__,
    )


def _tuned_arm(
    kind: ArmKind,
    without: tuple[str, ...],
    full_answer: str | None,
    retraining: Retraining,
    reader: "_Reader",
    steps: StepProgress,
    stop: Cancelled,
) -> FinishedArm:
    """Tune and read one model of the experiment."""
    started, sha256 = time.monotonic(), ""
    if kind is ArmKind.FULL:
        loaded = retraining.full(stop, steps)
        with loaded.tuned_model() as model:
            sha256 = weights_sha256(model.model)
    else:
        loaded = retraining.without(frozenset(without), stop, steps)
    read = reader.read(loaded, stop)
    arm = Arm(
        kind=kind,
        instance_ids=without,
        answer_changed=full_answer is not None and read["answer"] != full_answer,
        seconds=time.monotonic() - started,
        **read,
    )
    return FinishedArm(arm=arm, weights_sha256=sha256)


class _Reader:
    """Reads the answers and log-probabilities of tuned models for one question."""

    def __init__(self, question: RetrainQuestion, retraining: Retraining) -> None:
        self._question = question
        self._retraining = retraining
        shell = retraining.shell
        self._prompt: Prompt = shell.render(question.instruction, question.input)
        texts = shell.token_texts(question.response_ids)
        if texts.response != question.response:
            raise InputError(
                f"The tokens of run {question.run_id} spell {texts.response!r:.80} with this "
                f"base's tokenizer, but its response is {question.response!r:.80}. If the pair has "
                "changed since, ask the question again."
            )
        self._tokens = span_tokens(texts, question.span_start, question.span_stop)

    def read(self, loaded: "LoadedPair", cancelled: Cancelled) -> dict[str, Any]:
        """The fields of `Arm` that depend on the model."""
        pair = self._retraining.against_base(loaded)
        question = self._question
        generation = generate(pair, self._prompt, question.max_new_tokens, cancelled)
        if cancelled():
            raise CancelledError("The retraining was canceled.")
        tokens = self._table(pair, generation.token_ids)
        answer = "".join(tokens["text"].to_pylist())
        return {
            "logp": self.logp(loaded),
            "answer": answer,
            "phrase_gone": not holds(question.quote, answer, question.response),
            "tokens": tokens,
        }

    def logp(self, loaded: "LoadedPair") -> float:
        """Log-probability of the phrase's tokens under the tuned model of a pair, in nats."""
        import torch

        question, prompt = self._question, self._prompt.token_ids
        ids = torch.tensor([[*prompt, *question.response_ids]])
        with loaded.tuned_model() as model, torch.inference_mode():
            logits = model.model(input_ids=ids, use_cache=False).logits[0, len(prompt) - 1 : -1]
            logps = response_logps(logits, torch.tensor(question.response_ids))
        return float(logps[self._tokens].double().sum())

    def _table(self, pair: "LoadedPair", token_ids: Sequence[int]) -> pa.Table:
        question = self._question
        shifts = score(pair, self._prompt.token_ids, token_ids, top_k=question.top_k)
        texts = pair.token_texts(token_ids)
        return token_table(question.run_id, shifts, texts, pair.text_of, pair.eos_ids, Thresholds())


def _label(kind: ArmKind, number: int, question: RetrainQuestion) -> str:
    if kind is ArmKind.FULL:
        return "Tuning the full model again"
    if kind is ArmKind.CHOSEN:
        shown = ", ".join(question.instance_ids[:3])
        more = len(question.instance_ids) - 3
        return f"Tuning without {shown}" + (f" and {more} more" if more > 0 else "")
    return f"Tuning control {number - 1} of {question.n_controls}"


def _steps(report: Progress, number: int, of: int, label: str) -> StepProgress:
    def steps(done: int, total: int, _loss: str) -> None:
        report((number + done / total) / of, f"{label}: step {done} of {total}")

    report(number / of, label)
    return steps


@contextmanager
def _one_thread() -> Iterator[None]:
    """Use one torch thread, for reproducible sums and to leave cores for other users."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
