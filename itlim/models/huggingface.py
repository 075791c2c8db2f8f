"""Load a pair of Hugging Face models.

A pair is two full checkpoints, one base with a PEFT adapter (its weights are loaded
once), or a model compared with itself. Models come from local folders or the hub; no
remote code is run, and pickled weights are refused unless explicitly allowed.
"""

from dataclasses import replace
from threading import Lock

from itlim.library import differences_from_training
from itlim.models.adapter_pair import adapter_models
from itlim.models.checkpoint import Checkpoint
from itlim.models.fitting import size_difference
from itlim.models.language_model import CausalModel
from itlim.models.loading import read_checkpoint
from itlim.models.pair import LoadedPair
from itlim.models.pair_facts import adapter_tokenizer, pair_facts
from itlim.models.pair_models import PairModels, Role, SequentialModels, TogetherModels
from itlim.models.placement import Placement, causal_model, fit_into_memory, loading_message
from itlim.progress import Progress
from itlim.records import Pair
from itlim.schema import TuningKind
from itlim.text.prompts import response_prefix
from itlim.text.token_text import TokenDecoder

__all__ = ["LoadedPair", "load_pair"]


def load_pair(
    pair: Pair, *, placement: Placement = "auto", progress: Progress | None = None
) -> LoadedPair:
    """Load both models of a pair.

    Args:
        pair: the models to load and their prompt template.
        placement: `together` keeps both models in memory, `sequential` one at a time (which
            disables live coloring), `auto` uses `sequential` if both do not fit. A model with
            itself, and a base with an adapter that can be switched off exactly, has one set of
            weights and is always together.
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
        tokenizer = tuned.tokenizer
        facts = pair_facts(base, tuned, tokenizer)
        models = _two_checkpoints(base, tuned, placement, report)
        notices = base.adapter_notice + tuned.adapter_notice + tuned.generation.notices
        difference = size_difference(base, tuned)
        notices += (f"{difference} They are compared all the same.",) if difference else ()
    else:
        tokenizer = adapter_tokenizer(pair) or base.tokenizer
        facts = pair_facts(base, base, tokenizer)
        notices = base.adapter_notice + base.generation.notices
        if pair.adapter is None:
            models = _base_alone(base, report)
        else:
            models, found = adapter_models(base, pair.adapter, placement, report)
            notices += found
    notices += differences_from_training(pair)
    report(1.0, f"{pair.name} is ready")
    prefix = response_prefix(pair.template)
    decoder = TokenDecoder(
        tokenizer,
        eos_ids=facts.eos_ids,
        response_prefix=prefix,
        id_count=max(facts.token_ids) + 1,
    )
    return LoadedPair(pair, models, tokenizer, decoder, replace(facts, notices=notices))


def _two_checkpoints(
    base: Checkpoint, tuned: Checkpoint, placement: Placement, report: Progress
) -> PairModels:
    lock = Lock()
    checkpoints: dict[Role, Checkpoint] = {"base": base, "tuned": tuned}

    def load(role: Role) -> CausalModel:
        report(0.1 if role == "base" else 0.5, loading_message(role, checkpoints[role].source))
        return causal_model(checkpoints[role], role, lock)

    if _runs_sequentially(placement, base, tuned):
        return SequentialModels(load)
    return TogetherModels(load("base"), load("tuned"))


def _base_alone(base: Checkpoint, report: Progress) -> PairModels:
    report(0.1, loading_message("base", base.source))
    alone = causal_model(base, "base", Lock())
    return TogetherModels(alone, alone)


def _runs_sequentially(placement: Placement, base: Checkpoint, tuned: Checkpoint) -> bool:
    if placement != "auto":
        return placement == "sequential"
    if base.device != tuned.device:
        return False
    return not fit_into_memory(base, tuned)
