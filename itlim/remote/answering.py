"""Answer a request to a pair behind servers, or score a text, and return the run."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from itlim import __version__
from itlim.errors import CancelledError
from itlim.ids import response_run_id
from itlim.models.protocol import ScoredSequence
from itlim.progress import Cancelled, Progress
from itlim.records import (
    Generation,
    ModelSource,
    Pair,
    PromptTemplate,
    RemotePair,
    RemoteRequest,
    RemoteRun,
    RemoteSource,
    ServerModel,
    Thresholds,
)
from itlim.remote.asking import answer, endpoint_of, read_out
from itlim.remote.figures import remote_tokens
from itlim.remote.readout import Position
from itlim.remote.tokenizers import (
    ServedTokenizer,
    check_same_tokens,
    described,
    served_tokenizer,
)
from itlim.schema import DecodingMode, FinishReason
from itlim.text.prompts import render_prompt

if TYPE_CHECKING:
    from itlim.models.pair import LoadedPair

_LOCAL_TOP_K = 20
"""Most probable tokens of a local model that are listed beside those of the other model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One model of the pair, ready to be asked."""

    source: RemoteSource
    tokenizer: ServedTokenizer
    loaded: "LoadedPair | None"
    """The model itself, if it is local."""

    @property
    def shown(self) -> str:
        return self.source.shown if isinstance(self.source, ServerModel) else self.source.path


def answer_remotely(
    request: RemoteRequest,
    *,
    thresholds: Thresholds | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled = lambda: False,
) -> RemoteRun:
    """Let the tuned model answer greedily, or read the given response, and score each token.

    A server is asked with token ids. A local model of a mixed pair is loaded for the request.

    Args:
        request: the pair and the question.
        thresholds: base ranks that bound the categories; the paper's if None.
        progress: called with a fraction in [0, 1] and the current step.
        cancelled: asked before each request to a server.

    Raises:
        InputError: a text is empty, or an address is not one.
        ModelLoadError: a tokenizer or the local model cannot be loaded.
        VocabularyError: the two tokenizers differ.
        EndpointError: a server failed, or answered about other tokens.
        CancelledError: `cancelled` returned True.
    """
    report = progress or (lambda _fraction, _what: None)
    limits = thresholds or Thresholds()
    with ExitStack() as stack:
        base = _side(request.pair.base, request, report, stack)
        tuned = _side(request.pair.tuned, request, report, stack)
        notices = check_same_tokens(base.tokenizer, tuned.tokenizer)
        report(0.4, "Answering" if request.response is None else "Scoring")
        generation = _generation(request, tuned, cancelled)
        report(0.6, "Asking for the probabilities of the response")
        sequence = ScoredSequence(
            prompt_ids=generation.prompt.token_ids, response_ids=generation.token_ids
        )
        positions, granted = _positions(base, tuned, sequence, request.top_k, cancelled)
    for side, number in zip((base, tuned), granted, strict=True):
        if number is not None and number < request.top_k:
            notices += (
                f"{side.shown} gives {number} of the {request.top_k} most probable tokens that "
                "were asked for. Start vLLM with a larger --max-logprobs to get more.",
            )
    return _run(request, base, tuned, generation, positions, granted, limits, notices)


def check_tokenizers(pair: RemotePair) -> None:
    """Check that the tokenizers of the models behind servers are here and fit each other.

    No server is asked, and a local model is not loaded: it is checked when the pair is asked.

    Raises:
        InputError: an address is not one.
        ModelLoadError: a tokenizer is missing or cannot be read.
        VocabularyError: the two tokenizers differ.
    """
    served = [one for one in (pair.base, pair.tuned) if isinstance(one, ServerModel)]
    for model in served:
        endpoint_of(model)
    found = [served_tokenizer(model, pair.template) for model in served]
    check_same_tokens(found[0], found[-1])


def _side(
    source: RemoteSource, request: RemoteRequest, report: Progress, stack: ExitStack
) -> _Side:
    template = request.pair.template
    if isinstance(source, ServerModel):
        endpoint_of(source)  # a wrong address is reported before a tokenizer loads
        return _Side(source=source, tokenizer=served_tokenizer(source, template), loaded=None)
    loaded = _loaded(source, request, report)
    stack.callback(loaded.close)
    tokenizer = described(loaded.tokenizer, template, loaded.eos_ids)
    return _Side(source=source, tokenizer=tokenizer, loaded=loaded)


def _loaded(source: ModelSource, request: RemoteRequest, report: Progress) -> "LoadedPair":
    from itlim.models.huggingface import load_pair

    alone = Pair(name=request.pair.name, base=source, template=request.pair.template)
    return load_pair(alone, progress=report)


def _generation(request: RemoteRequest, tuned: _Side, cancelled: Cancelled) -> Generation:
    tokenizer = tuned.tokenizer
    prompt = render_prompt(
        tokenizer.tokenizer, request.pair.template, request.instruction, request.input
    )
    if request.response is not None:
        ids = tokenizer.decoder.encode_response(request.response)
        return Generation(prompt=prompt, token_ids=ids, finish_reason=FinishReason.PASTED)
    if tuned.loaded is not None:
        from itlim.shift.greedy import generate

        found = generate(tuned.loaded, prompt, request.max_new_tokens, cancelled)
        if found.finish_reason == FinishReason.CANCELLED:
            raise CancelledError("Canceled while answering.")
        return found
    assert isinstance(tuned.source, ServerModel)
    endpoint = endpoint_of(tuned.source)
    ids, was_cut = answer(endpoint, prompt.token_ids, request.max_new_tokens, cancelled)
    reason = FinishReason.LENGTH if was_cut else FinishReason.END_OF_SEQUENCE
    return Generation(prompt=prompt, token_ids=ids, finish_reason=reason)


def _positions(
    base: _Side, tuned: _Side, sequence: ScoredSequence, top_k: int, cancelled: Cancelled
) -> tuple[tuple[Sequence[Position], Sequence[Position]], tuple[int | None, int | None]]:
    """Both models' positions, and how many tokens each server granted."""
    asked = [_asked(side, sequence, top_k, cancelled) for side in (base, tuned)]
    positions: list[Sequence[Position]] = []
    for side, own, other in zip((base, tuned), asked, reversed(asked), strict=True):
        if own is not None:
            positions.append(own[0])
            continue
        from itlim.remote.local import local_positions

        assert side.loaded is not None
        assert other is not None
        listed = [one.listed for one in other[0]]
        positions.append(local_positions(side.loaded, sequence, listed, _LOCAL_TOP_K))
    return (positions[0], positions[1]), (
        None if asked[0] is None else asked[0][1],
        None if asked[1] is None else asked[1][1],
    )


def _asked(
    side: _Side, sequence: ScoredSequence, top_k: int, cancelled: Cancelled
) -> tuple[Sequence[Position], int] | None:
    if not isinstance(side.source, ServerModel):
        return None
    found = read_out(endpoint_of(side.source), [sequence], top_k, cancelled)
    return found.responses[0], found.top_k


def _run(
    request: RemoteRequest,
    base: _Side,
    tuned: _Side,
    generation: Generation,
    positions: tuple[Sequence[Position], Sequence[Position]],
    granted: tuple[int | None, int | None],
    thresholds: Thresholds,
    notices: tuple[str, ...],
) -> RemoteRun:
    pair = request.pair
    tokenizer = _ending(tuned.tokenizer, generation, pair.template)
    texts = tokenizer.decoder.token_texts(generation.token_ids)
    run_id = response_run_id(pair.name, request.instruction, request.input, texts.response)
    is_pasted = request.response is not None
    return RemoteRun(
        run_id=run_id,
        created_at=datetime.now(UTC),
        pair=pair.name,
        base=base.shown,
        tuned=tuned.shown,
        template=pair.template_name,
        instruction=request.instruction,
        input=request.input,
        prompt=generation.prompt.text,
        prompt_token_ids=list(generation.prompt.token_ids),
        response=texts.response,
        decoding=str(DecodingMode.PASTED if is_pasted else DecodingMode.GREEDY),
        max_new_tokens=None if is_pasted else request.max_new_tokens,
        finish_reason=str(generation.finish_reason),
        marginal_above=thresholds.marginal_above,
        shifted_above=thresholds.shifted_above,
        base_top_k=granted[0],
        tuned_top_k=granted[1],
        notices=notices,
        itlim_version=__version__,
        tokens=remote_tokens(
            run_id, positions[0], positions[1], texts, tokenizer.eos_ids, thresholds
        ),
    )


def _ending(
    tokenizer: ServedTokenizer, generation: Generation, template: str | PromptTemplate
) -> ServedTokenizer:
    """The tokenizer with the id that ended the answer, which it may not name as an end."""
    if generation.finish_reason != FinishReason.END_OF_SEQUENCE:
        return tokenizer
    ends = [*tokenizer.eos_ids, generation.token_ids[-1]]
    return described(tokenizer.tokenizer, template, ends)
