"""Load a pair, let it answer or score a text, and look at the result as a table or in color."""

from dataclasses import dataclass, fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from itlim import records
from itlim.components.palette import PALETTES
from itlim.library import chosen_pair
from itlim.pipeline import Inspection
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

    `tokens` is an Arrow table in the schema `itlim.schema.TOKEN_SHIFTS`; units are in the
    metadata of its fields. In a notebook the run shows as colored text.
    """

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
        name: a pair of the library, such as "demo-sft"; or give `base` and one of the next two.
        base: folder or hub id of the base model.
        tuned: folder or hub id of the fully tuned model.
        adapter: folder or hub id of a PEFT adapter of `base`.
        template: name of a prompt template; the pair's own, or "alpaca", if None.
        dtype: auto, float32, bfloat16 or float16.
        device: auto, cpu, cuda or mps.
        progress: called with a fraction in [0, 1] and what is being done.

    Raises:
        InputError: neither or both ways of naming a pair were used.
        NotFoundError: the library has no such pair.
        ModelLoadError: the models cannot be loaded or do not belong together.
    """
    from itlim.models.huggingface import load_pair as load

    def text(path: PathLike | None) -> str | None:
        return None if path is None else str(path)

    pair = chosen_pair(name, text(base), text(tuned), text(adapter), template, dtype, device)
    return load(pair, progress=progress)


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
        max_new_tokens: most tokens to generate.
        top_k: how many of both models' most probable tokens to keep per position.
        progress: called with a fraction in [0, 1] and what is being done.
        cancelled: asked between steps; the tokens so far are returned.

    Raises:
        InputError: an empty instruction, or a limit below 1.
        ContextLengthError: prompt and answer do not fit the context.
    """
    loaded = load_pair(pair, progress=progress) if isinstance(pair, str) else pair
    request = Request(
        pair=loaded.pair,
        instruction=instruction,
        input=input,
        max_new_tokens=max_new_tokens,
        top_k=top_k,
    )
    return public_run(Inspection(request, loaded).answer(cancelled, progress))


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
    """Score a given response token by token; nothing is generated. Arguments as in `inspect`.

    Raises:
        InputError: an empty instruction or response.
        ContextLengthError: prompt and response do not fit the context.
        CancelledError: `cancelled` returned True.
    """
    loaded = load_pair(pair, progress=progress) if isinstance(pair, str) else pair
    request = Request(
        pair=loaded.pair, instruction=instruction, input=input, response=response, top_k=top_k
    )
    return public_run(Inspection(request, loaded).answer(cancelled, progress))


def public_run(run: records.Run) -> Run:
    """The same run with the methods for notebooks."""
    return Run(**{field.name: getattr(run, field.name) for field in fields(records.Run)})


def colored_html(run: records.Run) -> str:
    """The response as HTML: shifted and marginal tokens colored, ranks and KL as tooltips.

    The colors are those of the app's light theme with their own ink, so that they are legible on
    any background. Text reaches the markup escaped.
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
