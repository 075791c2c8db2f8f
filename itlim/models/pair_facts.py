"""Properties of a pair that do not require its weights."""

from dataclasses import dataclass
from typing import Any

from itlim.errors import ModelLoadError
from itlim.models.checkpoint import Checkpoint, vocabulary_of
from itlim.models.loading import load_tokenizer
from itlim.models.model_files import has_tokenizer
from itlim.models.sources import is_local
from itlim.models.vocabulary import SharedIds, shared_ids
from itlim.records import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFacts:
    """Properties of a pair that do not require its weights."""

    shared: SharedIds
    """The ids over which the two models are compared."""
    token_ids: frozenset[int]
    """Ids that the tuned model may emit: those in its tokenizer's vocabulary."""
    eos_ids: frozenset[int]
    context_length: int
    """The shorter of the two models' context lengths."""
    embedding_counts: dict[str, int]
    dtype: str
    """Of the weights, such as "float32"; "float32/bfloat16" if base and tuned differ."""
    notices: tuple[str, ...] = ()
    """Sentences for the user about what was ignored or may differ from what they expect."""


def pair_facts(base: Checkpoint, tuned: Checkpoint, tokenizer: Any) -> PairFacts:
    """Compare two checkpoints.

    Args:
        base: the base model.
        tuned: the tuned model, or the base again if it has an adapter or stands alone.
        tokenizer: the tokenizer that renders prompts and decodes answers.

    Raises:
        VocabularyError: the two models assign the same token ids to different tokens.
    """
    vocabulary = vocabulary_of(tokenizer, tuned.logit_count)
    dtypes = dict.fromkeys(one.dtype_name for one in (base, tuned))
    return PairFacts(
        shared=shared_ids(base.vocabulary, vocabulary),
        token_ids=frozenset(vocabulary.named_ids()),
        eos_ids=tuned.eos_ids(tokenizer),
        context_length=min(base.context_length, tuned.context_length),
        embedding_counts={"base": base.logit_count, "tuned": tuned.logit_count},
        dtype="/".join(dtypes),
    )


def adapter_tokenizer(pair: Pair) -> Any | None:
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
