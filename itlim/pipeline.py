"""Combine all stages: answer a request with a run."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from itlim import __version__
from itlim.errors import CancelledError
from itlim.ids import run_id
from itlim.measures import TokenShifts
from itlim.models.fingerprint import pair_hashes
from itlim.progress import Cancelled, Progress
from itlim.records import (
    Generation,
    IdentifiedRequest,
    PairHashes,
    Prompt,
    Request,
    Run,
    Thresholds,
    TokenTexts,
)
from itlim.schema import FinishReason
from itlim.settings import PROJECT_FOLDER
from itlim.shift.growing import GrowingTable
from itlim.shift.tables import token_table

if TYPE_CHECKING:
    from itlim.models.pair import LoadedPair


def identify(request: Request, hashes: PairHashes | None = None) -> IdentifiedRequest:
    """Compute the id of the run that answers a request; hashes model files but loads no model.

    Args:
        request: the request.
        hashes: hashes of the pair's models, if they are already known.

    Raises:
        ModelLoadError: a model is neither a folder nor a known hub id.
    """
    found = hashes or pair_hashes(request.pair)
    return IdentifiedRequest(
        request=request, hashes=found, id=run_id(request, found.base, found.tuned)
    )


class Inspection:
    """Answers one request; other threads may read the answer while it grows.

    Args:
        identified: the request with its id.
        loaded: the pair of the request, in memory.
        thresholds: base ranks that bound the categories; the paper's if None.
        origin: stored with the run: live, import or demo.
        created_at: stored with the run; None for the time at which it is finished.
    """

    def __init__(
        self,
        identified: IdentifiedRequest,
        loaded: "LoadedPair",
        *,
        thresholds: Thresholds | None = None,
        origin: str = "live",
        created_at: datetime | None = None,
    ) -> None:
        self.growing: GrowingTable | None = None
        """The rows of a live answer; None before it starts."""
        self.notices: tuple[str, ...] = loaded.notices
        """Sentences for the user about the pair and, after answering, the answer."""
        self._identified = identified
        self._loaded = loaded
        self._thresholds = thresholds or Thresholds()
        self._origin = origin
        self._created_at = created_at

    def answer(self, cancelled: Cancelled = lambda: False, progress: Progress | None = None) -> Run:
        """Generate or read the response, score every token, and return the run.

        A canceled generation returns the tokens so far, with `finish_reason` `CANCELLED`.

        Raises:
            ContextLengthError: prompt, or prompt and pasted response, exceed the context.
            NonFiniteError: the logits contain NaN.
            CancelledError: canceled before the first token.
        """
        loaded, request = self._loaded, self._identified.request
        prompt = loaded.render(request.instruction, request.input)
        if request.response is not None:
            ids = loaded.encode_response(request.response)
            generation = Generation(prompt=prompt, token_ids=ids, finish_reason=FinishReason.PASTED)
            return self._scored(generation, cancelled, progress)
        if loaded.supports_live:
            return self._answered_live(prompt, cancelled)
        from itlim.shift.greedy import generate

        generation = generate(loaded, prompt, request.max_new_tokens, cancelled)
        return self._scored(generation, cancelled, progress)

    def _answered_live(self, prompt: Prompt, cancelled: Cancelled) -> Run:
        from itlim.shift.live import LiveScoring

        request, loaded = self._identified.request, self._loaded
        live = LiveScoring(loaded, prompt, request.max_new_tokens, request.top_k, cancelled)
        self.growing = GrowingTable(live.parts, loaded.token_texts, self._rows)
        for _ in live.steps():
            pass
        if not live.parts:
            raise CancelledError("Canceled before the first token.")
        return self.finished(live.generation, live.shifts)

    def _scored(
        self, generation: Generation, cancelled: Cancelled, progress: Progress | None
    ) -> Run:
        from itlim.shift.measure import score

        if not generation.token_ids:
            raise CancelledError("Canceled before the first token.")
        shifts = score(
            self._loaded,
            generation.prompt.token_ids,
            generation.token_ids,
            top_k=self._identified.request.top_k,
            progress=progress,
            cancelled=None if generation.finish_reason == FinishReason.CANCELLED else cancelled,
        )
        return self.finished(generation, shifts)

    def _rows(self, shifts: TokenShifts, texts: TokenTexts, first: int = 0) -> pa.Table:
        return token_table(
            self._identified.id,
            shifts,
            texts,
            self._loaded.text_of,
            self._loaded.eos_ids,
            self._thresholds,
            first,
        )

    def finished(self, generation: Generation, shifts: TokenShifts) -> Run:
        """Build the run from a response and its measures, which may come from a batch."""
        request, hashes = self._identified.request, self._identified.hashes
        pair = request.pair
        self.notices = self._loaded.notices + self._loaded.length_notices(
            len(generation.prompt.token_ids), len(generation.token_ids)
        )
        tokens = self._rows(shifts, self._loaded.token_texts(shifts.token_id.tolist()))
        return Run(
            run_id=self._identified.id,
            created_at=self._created_at or datetime.now(UTC),
            pair=pair.name,
            base_model=_shown_path(pair.base.path),
            base_hash=hashes.base,
            tuned_model=_shown_path(pair.tuned_source.path),
            tuned_hash=hashes.tuned,
            tuning=str(pair.kind),
            dtype=self._loaded.dtype,
            template=pair.template_name,
            instruction=request.instruction,
            input=request.input,
            prompt=generation.prompt.text,
            prompt_token_ids=list(generation.prompt.token_ids),
            response="".join(tokens["text"].to_pylist()),
            decoding=str(request.decoding),
            max_new_tokens=request.max_new_tokens if request.response is None else None,
            finish_reason=str(generation.finish_reason),
            marginal_above=self._thresholds.marginal_above,
            shifted_above=self._thresholds.shifted_above,
            top_k=request.top_k,
            origin=self._origin,
            itlim_version=__version__,
            tokens=tokens,
        )


def _shown_path(path: str) -> str:
    """Make folders of the project relative to its root, so that they are valid on any machine."""
    folder = Path(path)
    inside = folder.is_absolute() and folder.is_relative_to(PROJECT_FOLDER)
    return folder.relative_to(PROJECT_FOLDER).as_posix() if inside else path


def answer_many(
    requests: Sequence[Request],
    loaded: "LoadedPair",
    *,
    batch_size: int | None = None,
    origin: str = "live",
    created_at: datetime | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled = lambda: False,
) -> list[Run]:
    """Answer many requests to one pair in batches; in float32 the runs are the same as one by one.

    Args:
        requests: greedy requests to the loaded pair, with the same limit and the same `top_k`.
        loaded: the pair.
        batch_size: requests that are generated together; 16 if None.
        origin: stored with the runs.
        created_at: stored with the runs; None for the time at which each is finished.
        progress: called with a fraction in [0, 1] and the current step.
        cancelled: called between batches; returns True to stop.

    Raises:
        CancelledError: `cancelled` returned True.
    """
    from itlim.shift.greedy import BATCH_SIZE, generate_batch
    from itlim.shift.measure import score_batch

    prompts = [loaded.render(request.instruction, request.input) for request in requests]
    generations = generate_batch(
        loaded,
        prompts,
        requests[0].max_new_tokens,
        batch_size=batch_size or BATCH_SIZE,
        progress=progress,
        cancelled=cancelled,
    )
    if any(one.finish_reason == FinishReason.CANCELLED for one in generations):
        raise CancelledError("Canceled before all questions were answered.")
    items = [(one.prompt.token_ids, one.token_ids) for one in generations]
    shifts = score_batch(
        loaded, items, top_k=requests[0].top_k, progress=progress, cancelled=cancelled
    )
    hashes = pair_hashes(requests[0].pair)
    return [
        Inspection(
            identify(request, hashes), loaded, origin=origin, created_at=created_at
        ).finished(generation, measured)
        for request, generation, measured in zip(requests, generations, shifts, strict=True)
    ]
