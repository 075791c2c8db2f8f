"""Whether a response repeats words of a dataset more exactly than chance explains."""

from dataclasses import dataclass

from itlim.errors import IndexFolderError
from itlim.text.words import spaced, words
from itlim.trace.evidence.background import FloatArray, corpus_surprisal
from itlim.trace.evidence.null import Null
from itlim.trace.evidence.span_evidence import Response
from itlim.trace.evidence.stretches import rare_stretches
from itlim.trace.index.index import TraceIndex
from itlim.trace.verbatim import is_style
from itlim.trace.words.matching import Matches, match


def response_null(index: TraceIndex) -> Null:
    """The chance baseline of whole responses.

    Raises:
        IndexFolderError: the index has none.
    """
    null = index.nulls.get("response")
    if null is None:
        raise IndexFolderError(
            f"The index of {index.dataset} in {index.folder} has no chance baseline for whole "
            "responses, so nothing tells borrowed words from common ones. Rebuild the index, or "
            "leave the dataset out: one of few or very short responses cannot have a baseline."
        )
    return null


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedAnswer:
    """An answer matched against one dataset; it can be cut without being matched again."""

    split: Response
    matches: Matches
    surprisal: FloatArray
    """(words,) nats."""
    instruction_words: str
    null: Null

    @classmethod
    def of(
        cls, index: TraceIndex, split: Response, max_words: int | None = None
    ) -> "MatchedAnswer":
        """Match the words of an answer, or only the first `max_words`.

        Raises:
            IndexFolderError: the index has no chance baseline of whole responses.
        """
        matches = match(index.lexical, list(split.words[:max_words]))
        return cls(
            split=split,
            matches=matches,
            surprisal=corpus_surprisal([matches]),
            instruction_words=spaced(words(split.instruction)),
            null=response_null(index),
        )

    def smallest_p(self, n_words: int) -> float:
        """The smallest p of a content stretch of the first `n_words` words; 1 if there is none.

        A content stretch is a rare verbatim stretch that is neither style (`is_style`) nor part of
        the instruction. p is that of `VerbatimSpan.null_p`: of two stretches of one response, the
        rarer has the smaller p, so the first content stretch by rarity decides.
        """
        n_words = min(n_words, len(self.surprisal))
        if not n_words:
            return 1.0
        cut = self.matches.between(0, n_words)
        found = rare_stretches(cut, self.surprisal[:n_words])
        for start, stop, nats in sorted(found, key=lambda one: -one[2]):
            text = spaced(self.split.words[start:stop])
            if text not in self.instruction_words and not is_style(cut, start, stop):
                return self.null.p_value(n_words, nats)
        return 1.0
