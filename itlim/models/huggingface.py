"""Load a pair of Hugging Face models.

A pair is two full checkpoints, one base with a PEFT adapter (its weights are loaded
once), or a model compared with itself. Models come from local folders or the hub; no
remote code is run, and pickled weights are refused unless explicitly allowed.
"""

from threading import Lock
from typing import Any, Literal

from itlim.errors import ModelLoadError
from itlim.models.adapter_switch import base_only
from itlim.models.adapters import load_adapter
from itlim.models.checkpoint import Checkpoint, vocabulary_of
from itlim.models.language_model import CausalModel
from itlim.models.loading import load_model, load_tokenizer, read_checkpoint
from itlim.models.model_files import has_tokenizer
from itlim.models.pair import LoadedPair, PairFacts
from itlim.models.pair_models import PairModels, Role, SequentialModels, TogetherModels
from itlim.models.sources import free_memory, is_local
from itlim.models.vocabulary import shared_ids
from itlim.progress import Progress
from itlim.records import Pair
from itlim.schema import TuningKind
from itlim.text.prompts import response_prefix
from itlim.text.token_text import TokenDecoder

Placement = Literal["auto", "together", "sequential"]

# Memory on top of the weights for activations, caches and logit buffers.
_HEADROOM = 1.1

__all__ = ["LoadedPair", "load_pair"]


def load_pair(
    pair: Pair, *, placement: Placement = "auto", progress: Progress | None = None
) -> LoadedPair:
    """Load both models of a pair.

    Args:
        pair: the models to load and their prompt template.
        placement: `together` keeps both models in memory, `sequential` one at a time (which
            disables live coloring), `auto` uses `sequential` if both do not fit. A pair with an
            adapter, or a model with itself, has one set of weights and is always together.
        progress: called with a fraction in [0, 1] and a description of the current step.

    Raises:
        ModelLoadError: a file is missing, incomplete or unreachable, or the parts do not match.
        VocabularyError: the two models assign the same token ids to different tokens.
        OutOfMemoryError: memory ran out.
    """
    report = progress or (lambda _fraction, _what: None)
    report(0.0, "Loading PyTorch and Transformers")
    base = read_checkpoint(pair.base)
    if pair.kind is TuningKind.FULL and pair.tuned is not None and pair.tuned != pair.base:
        tuned = read_checkpoint(pair.tuned)
        facts = _facts(base, tuned, tuned.tokenizer)
        if _runs_sequentially(placement, base, tuned):
            models: PairModels = _sequential(base, tuned, report)
        else:
            models = _together(base, tuned, report)
        tokenizer = tuned.tokenizer
    else:
        tokenizer = _adapter_tokenizer(pair) or base.tokenizer
        facts = _facts(base, base, tokenizer)
        models = _one_set_of_weights(pair, base, report)
    report(1.0, f"{pair.name} is ready")
    prefix = response_prefix(pair.template)
    decoder = TokenDecoder(
        tokenizer,
        eos_ids=facts.eos_ids,
        response_prefix=prefix,
        id_count=max(facts.token_ids) + 1,
    )
    return LoadedPair(pair, models, tokenizer, decoder, facts)


def _together(base: Checkpoint, tuned: Checkpoint, report: Progress) -> PairModels:
    lock = Lock()
    report(0.1, f"Loading the base model {base.source.path}")
    base_model = _causal(base, lock)
    report(0.5, f"Loading the tuned model {tuned.source.path}")
    return TogetherModels(base_model, _causal(tuned, lock))


def _sequential(base: Checkpoint, tuned: Checkpoint, report: Progress) -> PairModels:
    lock = Lock()
    checkpoints: dict[Role, Checkpoint] = {"base": base, "tuned": tuned}

    def load(role: Role) -> CausalModel:
        report(0.1, f"Loading the {role} model {checkpoints[role].source.path}")
        return _causal(checkpoints[role], lock)

    return SequentialModels(load)


def _one_set_of_weights(pair: Pair, base: Checkpoint, report: Progress) -> PairModels:
    lock = Lock()
    report(0.1, f"Loading the base model {base.source.path}")
    model = load_model(base)
    if pair.adapter is None:
        alone = CausalModel(model, context_length=base.context_length, lock=lock)
        return TogetherModels(alone, alone)
    report(0.7, f"Loading the adapter {pair.adapter.path}")
    adapted = load_adapter(model, pair.adapter)
    # PEFT inserts the adapter layers into the base module: both models share its weights.
    inner = adapted.get_base_model()
    return TogetherModels(
        CausalModel(inner, context_length=base.context_length, lock=lock, face=base_only(adapted)),
        CausalModel(inner, context_length=base.context_length, lock=lock),
    )


def _causal(checkpoint: Checkpoint, lock: Lock) -> CausalModel:
    return CausalModel(load_model(checkpoint), context_length=checkpoint.context_length, lock=lock)


def _adapter_tokenizer(pair: Pair) -> Any | None:
    """The tokenizer saved with an adapter, if there is one."""
    source = pair.adapter
    if source is None or (is_local(source) and not has_tokenizer(source)):
        return None
    try:
        return load_tokenizer(source)
    except ModelLoadError:
        # A hub adapter may have none; if a local folder has one, it must be readable.
        if is_local(source):
            raise
        return None


def _facts(base: Checkpoint, tuned: Checkpoint, tokenizer: Any) -> PairFacts:
    vocabulary = vocabulary_of(tokenizer, tuned.logit_count)
    dtypes = list(dict.fromkeys(str(one.dtype).removeprefix("torch.") for one in (base, tuned)))
    return PairFacts(
        shared=shared_ids(base.vocabulary, vocabulary),
        token_ids=frozenset(vocabulary.named_ids()),
        eos_ids=tuned.eos_ids(tokenizer),
        context_length=min(base.context_length, tuned.context_length),
        embedding_counts={"base": base.logit_count, "tuned": tuned.logit_count},
        dtype="/".join(dtypes),
    )


def _runs_sequentially(placement: Placement, base: Checkpoint, tuned: Checkpoint) -> bool:
    if placement != "auto":
        return placement == "sequential"
    if base.device != tuned.device:
        return False
    return _HEADROOM * (base.weight_bytes() + tuned.weight_bytes()) > free_memory(base.device)
