"""Load a pair, answer an instruction or score a text, and show the result as table or in color."""

import warnings
from dataclasses import dataclass, fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from itlim import records
from itlim.components.palette import PALETTES
from itlim.library import resolve_pair
from itlim.pipeline import Inspection, identify
from itlim.progress import Cancelled, Progress
from itlim.records import DEFAULT_MAX_NEW_TOKENS, Request
from itlim.schema import ShiftCategory

if TYPE_CHECKING:
    import pandas as pd

    from itlim.models.pair import LoadedPair

PathLike = str | Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(records.Run):
    """One scored response: text, models, settings, and one row per token in `tokens`.

    `tokens` is an Arrow table with the schema `itlim.schema.TOKEN_SHIFTS`, whose field metadata
    contains the units. In a notebook, a run is displayed as colored text.
    """

    notices: tuple[str, ...] = ()
    """Sentences about what was ignored or may differ from what you expect; empty for a run that
    was loaded from a file or database."""

    def to_pandas(self) -> "pd.DataFrame":
        """The token table as a data frame, one row per token."""
        return self.tokens.to_pandas()

    def _repr_html_(self) -> str:
        return colored_html(self)


def load_pair(
    name: str | None = None,
    *,
    base: PathLike | None = None,
    tuned: PathLike | None = None,
    adapter: PathLike | None = None,
    template: str | None = None,
    dtype: str = "auto",
    device: str = "auto",
    progress: Progress | None = None,
) -> "LoadedPair":
    """Load a base model and its tuned version.

    Args:
        name: a pair of the library, such as "demo-sft"; or give `base` with `tuned` or `adapter`.
        base: folder or hub id of the base model.
        tuned: folder or hub id of the fully tuned model.
        adapter: folder or hub id of a PEFT adapter of `base`.
        template: name of a prompt template. If None, the pair's own, or that of the tuned
            model's `training.json`, or "alpaca".
        dtype: auto, float32, bfloat16 or float16.
        device: auto, cpu, cuda or mps.
        progress: called with a fraction in [0, 1] and a description of the current step.

    Raises:
        InputError: the pair is named in both ways or in neither.
        NotFoundError: the library has no such pair.
        ModelLoadError: the models cannot be loaded or do not belong together.
    """
    from itlim.models.huggingface import load_pair as load

    def text(path: PathLike | None) -> str | None:
        return None if path is None else str(path)

    pair = resolve_pair(name, text(base), text(tuned), text(adapter), template, dtype, device)
    loaded = load(pair, progress=progress)
    for notice in loaded.notices:
        warnings.warn(notice, stacklevel=2)
    return loaded


def inspect(
    pair: "LoadedPair | str",
    instruction: str,
    *,
    input: str = "",
    max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS,
    top_k: int = 10,
    progress: Progress | None = None,
    cancelled: Cancelled = lambda: False,
) -> Run:
    """Let the tuned model answer greedily and score every token under both models.

    Args:
        pair: from `load_pair`, or the name of a pair of the library.
        instruction: what the model should do.
        input: optional context of the instruction.
        max_new_tokens: maximum number of tokens to generate.
        top_k: number of most probable tokens to keep per model and position.
        progress: called with a fraction in [0, 1] and a description of the current step.
        cancelled: called between steps; if it returns True, the tokens so far are returned.

    Raises:
        InputError: the instruction is empty, or a limit is below 1.
        ContextLengthError: the prompt exceeds the model's context length.
    """
    loaded = load_pair(pair, progress=progress) if isinstance(pair, str) else pair
    request = Request(
        pair=loaded.pair,
        instruction=instruction,
        input=input,
        max_new_tokens=max_new_tokens,
        top_k=top_k,
    )
    return _answered(request, loaded, cancelled, progress)


def score(
    pair: "LoadedPair | str",
    instruction: str,
    response: str,
    *,
    input: str = "",
    top_k: int = 10,
    progress: Progress | None = None,
    cancelled: Cancelled = lambda: False,
) -> Run:
    """Score a given response token by token, without generating. Arguments as in `inspect`.

    Raises:
        InputError: the instruction or the response is empty.
        ContextLengthError: prompt and response exceed the model's context length.
        CancelledError: `cancelled` returned True.
    """
    loaded = load_pair(pair, progress=progress) if isinstance(pair, str) else pair
    request = Request(
        pair=loaded.pair, instruction=instruction, input=input, response=response, top_k=top_k
    )
    return _answered(request, loaded, cancelled, progress)


def _answered(
    request: Request, loaded: "LoadedPair", cancelled: Cancelled, progress: Progress | None
) -> Run:
    inspection = Inspection(identify(request), loaded)
    run = inspection.answer(cancelled, progress)
    return public_run(run, inspection.notices)


def public_run(run: records.Run, notices: tuple[str, ...] = ()) -> Run:
    """Convert a run to the public `Run`, which has methods for notebooks."""
    values = {field.name: getattr(run, field.name) for field in fields(records.Run)}
    return Run(**values, notices=notices)


def colored_html(run: records.Run) -> str:
    """The response as HTML: shifted and marginal tokens are colored; tooltips show rank and KL.

    Colors and text colors are those of the app's light theme, so that tokens are legible on any
    background. All text is escaped.
    """
    columns = ["text", "category", "base_rank", "base_prob", "kl_tuned_base", "is_eos"]
    tokens = (_token_html(row) for row in run.tokens.select(columns).to_pylist())
    legend = " ".join(
        f'<span style="{_style(category)}">{category}</span>' for category in ShiftCategory
    )
    return (
        '<div style="max-width: 60em; line-height: 1.7">'
        f'<div style="opacity: .75; font-size: .85em">{escape(run.pair)} · {legend}</div>'
        f'<div style="white-space: pre-wrap">{"".join(tokens)}</div></div>'
    )


def _token_html(row: dict[str, object]) -> str:
    if row["is_eos"] or not row["text"]:
        return ""
    title = (
        f"base rank {row['base_rank']}, base probability {row['base_prob']:.3g}, "
        f"KL(tuned ‖ base) {row['kl_tuned_base']:.3g} nats"
    )
    style = _style(ShiftCategory(str(row["category"])))
    return f'<span style="{style}" title="{escape(title)}">{escape(str(row["text"]))}</span>'


def _style(category: ShiftCategory) -> str:
    look = PALETTES["light"].categories[category]
    if category is ShiftCategory.UNSHIFTED:
        return "color: inherit"
    return (
        f"background: {look.fill}; color: {look.ink}; text-decoration: underline {look.underline} "
        f"{look.line}; border-radius: 2px"
    )
