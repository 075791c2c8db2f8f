"""How much better a dataset's responses predict an answer than the answers of other models do.

M(r; D) = mean over the words of r of ln[(½ p_D + ½ p_B) ÷ p_B], in nats per word, with

    p_D  a 4-gram model of the responses of dataset D
    p_B  .6 p_L + .3 p_S + .1 p_I, the background
    p_L  a 4-gram model of other models' answers to other prompts
    p_S  a 3-gram model of other models' answers to the same prompt
    p_I  a 2-gram model of the instruction

The decoy of a dataset is the other candidate that predicts the answer best. M − decoy compares two
datasets on the same words, so what every instruction-tuning dataset predicts cancels out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from itlim.trace.evidence.background import FloatArray
from itlim.trace.provenance.ngrams import BoolArray, IntArray, NgramStream, joined_stream
from itlim.trace.words.lexical import FIELDS
from itlim.trace.words.lexical_index import LexicalIndex

DATASET_ORDER = 4
PROMPT_ORDER = 3
INSTRUCTION_ORDER = 2
SHARES = (0.6, 0.3, 0.1)
"""Shares of p_L, p_S and p_I in the background."""
FOLDS = 2
"""Parts into which the prompts are split, so that p_L sees other prompts only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWords:
    """The words of the answers of several models to the same prompts."""

    vocabulary: tuple[str, ...]
    """Normalized words; the id of the first one is 1."""
    instructions: tuple[IntArray, ...]
    """Word ids of each prompt's instruction."""
    answers: tuple[IntArray, ...]
    """Word ids of each answer."""
    prompts: IntArray
    """(answers,) 0-based prompt of each answer."""
    models: IntArray
    """(answers,) 0-based model of each answer."""

    @classmethod
    def of(
        cls,
        instructions: Sequence[Sequence[str]],
        answers: Sequence[tuple[int, int, Sequence[str]]],
    ) -> "AnswerWords":
        """Number the words of instructions and answers.

        Args:
            instructions: words of the instruction of each prompt.
            answers: prompt, model and words of each answer.
        """
        ids: dict[str, int] = {}

        def numbered(words: Sequence[str]) -> IntArray:
            return np.array([ids.setdefault(word, len(ids) + 1) for word in words], dtype=np.int64)

        return cls(
            instructions=tuple(numbered(words) for words in instructions),
            answers=tuple(numbered(words) for _, _, words in answers),
            prompts=np.array([prompt for prompt, _, _ in answers], dtype=np.int64),
            models=np.array([model for _, model, _ in answers], dtype=np.int64),
            vocabulary=tuple(ids),
        )

    def means(self, values: FloatArray) -> FloatArray:
        """Mean over the words of each answer of one value per word; nan for an empty answer."""
        lengths = np.array([len(words) for words in self.answers], dtype=np.int64)
        owner = np.repeat(np.arange(len(lengths)), lengths)
        sums = np.bincount(owner, weights=values, minlength=len(lengths))
        return np.where(lengths > 0, sums / np.maximum(lengths, 1), np.nan)


def likeness(
    index: LexicalIndex, words: AnswerWords, background: FloatArray, uniform: float
) -> FloatArray:
    """M(r; D) of each answer, (answers,) nats per word; nan for an answer without a word.

    Args:
        index: index of the dataset D.
        words: all answers.
        background: p_B of all words, from `background_probabilities`.
        uniform: as for the background.
    """
    dataset = dataset_probabilities(index, words, uniform)
    return words.means(np.log(0.5 * dataset / background + 0.5))


def minus_decoy(scores: FloatArray) -> FloatArray:
    """M − decoy: each dataset's score minus the best of the others'.

    Args:
        scores: (datasets, answers) nats per word, of at least two datasets.

    >>> minus_decoy(np.array([[0.5, 0.1], [0.2, 0.3], [0.1, 0.0]])).round(1).tolist()
    [[0.3, -0.2], [-0.3, 0.2], [-0.4, -0.3]]
    """
    return np.array(
        [row - np.delete(scores, place, axis=0).max(axis=0) for place, row in enumerate(scores)]
    )


def uniform_probability(indexes: Sequence[LexicalIndex], words: AnswerWords) -> float:
    """Probability of a word before anything is counted: the same in all models.

    Words of the answers that no dataset contains are few and are not added.
    """
    known = np.unique(np.concatenate([index.hashes for index in indexes]))
    return 1.0 / max(len(known), len(words.vocabulary), 1)


def dataset_probabilities(index: LexicalIndex, words: AnswerWords, uniform: float) -> FloatArray:
    """p_D of all words of all answers, in order."""
    # Ids of the dataset; words that it lacks get further ids.
    own = index.ids(words.vocabulary).astype(np.int64)
    n_known = len(index.hashes)
    ids = np.concatenate([[0], np.where(own > 0, own, n_known + np.arange(1, len(own) + 1))])
    texts = [ids[answer] for answer in words.answers]
    dataset = _responses(index)
    stream, owner = joined_stream([*dataset, *texts], DATASET_ORDER)
    grams = NgramStream.of(stream, DATASET_ORDER)
    is_answer = owner >= len(dataset)
    return grams.probabilities(~is_answer, is_answer & grams.is_word, uniform=uniform)


def _responses(index: LexicalIndex) -> list[IntArray]:
    """Word ids of the response of each instance, the last of its three fields."""
    starts = index.fields[FIELDS - 1 :: FIELDS][: len(index.groups)]
    stops = index.fields[FIELDS::FIELDS]
    words = np.asarray(index.words, dtype=np.int64)
    # The last word of a field is its terminator.
    return [words[start : stop - 1] for start, stop in zip(starts, stops, strict=True)]


def background_probabilities(words: AnswerWords, uniform: float, *, seed: int = 0) -> FloatArray:
    """p_B of all words of all answers, in order: every model against all other models.

    Args:
        words: the answers of at least two models.
        uniform: probability of a word before anything is counted.
        seed: seed of the split of the prompts.
    """
    other, same, instruction = SHARES
    return (
        other * _of_other_prompts(words, uniform, seed)
        + same * _of_same_prompt(words, uniform)
        + instruction * _of_instruction(words, uniform)
    )


def _of_other_prompts(words: AnswerWords, uniform: float, seed: int) -> FloatArray:
    stream, owner = joined_stream(words.answers, DATASET_ORDER)
    grams = NgramStream.of(stream, DATASET_ORDER)
    order = np.random.default_rng(seed).permutation(len(words.instructions))
    folds = (order % FOLDS)[words.prompts][owner]
    models = words.models[owner]
    found = np.zeros(len(stream))
    for model in np.unique(words.models):
        for fold in range(FOLDS):
            wanted = (models == model) & (folds == fold) & grams.is_word
            if wanted.any():
                counted = (models != model) & (folds != fold)
                found[wanted] = grams.probabilities(counted, wanted, uniform=uniform)
    return found[grams.is_word]


def _of_same_prompt(words: AnswerWords, uniform: float) -> FloatArray:
    stream, owner = joined_stream(words.answers, PROMPT_ORDER)
    grams = NgramStream.of(stream, PROMPT_ORDER, words.prompts[owner])
    models = words.models[owner]
    found = np.zeros(len(stream))
    for model in np.unique(words.models):
        wanted = (models == model) & grams.is_word
        found[wanted] = grams.probabilities(models != model, wanted, uniform=uniform)
    return found[grams.is_word]


def _of_instruction(words: AnswerWords, uniform: float) -> FloatArray:
    n_prompts = len(words.instructions)
    stream, owner = joined_stream([*words.instructions, *words.answers], INSTRUCTION_ORDER)
    groups = np.concatenate([np.arange(n_prompts), words.prompts])[owner]
    grams = NgramStream.of(stream, INSTRUCTION_ORDER, groups)
    is_answer: BoolArray = owner >= n_prompts
    return grams.probabilities(~is_answer, is_answer & grams.is_word, uniform=uniform)
