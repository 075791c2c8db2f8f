"""Tokenizers of models behind servers, which are files on this machine."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itlim.errors import ModelLoadError
from itlim.models.checkpoint import vocabulary_of
from itlim.models.file_faults import reject_faulty
from itlim.models.generation_settings import valid_token_ids
from itlim.models.loading import load_tokenizer
from itlim.models.vocabulary import Vocabulary, shared_ids
from itlim.records import ModelSource, PromptTemplate, ServerModel
from itlim.text.messages import reason_of
from itlim.text.prompts import response_prefix
from itlim.text.token_text import TokenDecoder


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedTokenizer:
    """A tokenizer, and what texts and answers need of it."""

    tokenizer: Any
    decoder: TokenDecoder
    eos_ids: frozenset[int]
    vocabulary: Vocabulary


def served_tokenizer(model: ServerModel, template: str | PromptTemplate) -> ServedTokenizer:
    """Load the tokenizer of a model behind a server.

    Raises:
        ModelLoadError: the folder or file has no tokenizer.
    """
    path = Path(model.tokenizer).expanduser()
    if not path.exists():
        raise ModelLoadError(
            f"The tokenizer {model.tokenizer} of {model.shown} is not on this machine: give a "
            "folder with the model's tokenizer, or its tokenizer.json."
        )
    tokenizer = _from_file(path) if path.is_file() else load_tokenizer(ModelSource(path=str(path)))
    return described(tokenizer, template)


def described(
    tokenizer: Any, template: str | PromptTemplate, eos_ids: Collection[int] = ()
) -> ServedTokenizer:
    """What texts and answers need of a tokenizer.

    Args:
        tokenizer: the tokenizer.
        template: prompt template of the pair.
        eos_ids: ids that end a sequence, besides the tokenizer's own.
    """
    ends = frozenset({*valid_token_ids(getattr(tokenizer, "eos_token_id", None)), *eos_ids})
    count = max(tokenizer.get_vocab().values()) + 1
    return ServedTokenizer(
        tokenizer=tokenizer,
        decoder=TokenDecoder(
            tokenizer, eos_ids=ends, response_prefix=response_prefix(template), id_count=count
        ),
        eos_ids=ends,
        vocabulary=vocabulary_of(tokenizer, count),
    )


def check_same_tokens(base: ServedTokenizer, tuned: ServedTokenizer) -> tuple[str, ...]:
    """Check that both models give the same ids to the same tokens.

    Returns:
        Sentences about tokens that only one of them has: their probability is part of that model's
        distribution, because a server normalizes over all of its own tokens.

    Raises:
        VocabularyError: an ordinary token has different ids.
    """
    shared = shared_ids(base.vocabulary, tuned.vocabulary)
    counts = {len(one.vocabulary.tokens) for one in (base, tuned)}
    if counts == {shared.count}:
        return ()
    return (
        "One of the models has special tokens that the other lacks. A server's probabilities are "
        "over all tokens of its model, so these are part of them; local pairs are compared over "
        "the shared tokens alone.",
    )


def _from_file(path: Path) -> Any:
    from transformers import PreTrainedTokenizerFast

    reject_faulty([path])
    try:
        return PreTrainedTokenizerFast(tokenizer_file=str(path))
    # The tokenizers library raises a plain Exception for a file that it cannot read.
    except Exception as error:
        raise ModelLoadError(
            f"{path} is not a tokenizer.json: {reason_of(error)} Give the file that was saved with "
            "the model."
        ) from error
