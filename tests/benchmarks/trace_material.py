"""Real material from which borrowings are constructed: Dolly instances and foreign responses.

Prompts are halved by the parity of their id (a repeated prompt goes with its first id): the even
half, `dev`, is for choosing weights and fitting, the odd half, `test`, for reporting.
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from tests.benchmarks.trace_text import EntityFinder, content_stems, words

DATASETS = Path(__file__).resolve().parents[3] / "shared" / "datasets"
MODELS = (
    "Llama-2-7b-chat-hf",
    "vicuna-7b-v1.5",
    "gpt-3.5-turbo-0301",
    "tulu-2-dpo-7b",
    "Mistral-7B-Instruct-v0.1",
)
N_RELATED = 20

Split = Literal["dev", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One row of the IT dataset."""

    row: int
    """1-based."""
    instruction: str
    input: str
    response: str

    @property
    def content_sha256(self) -> str:
        content = json.dumps([self.instruction, self.input, self.response])
        return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A real response of a model that was never tuned on the dataset."""

    prompt_id: int
    split: Split
    model: str
    instruction: str
    response: str
    task_types: frozenset[str]


class PhraseIndex:
    """Which texts hold a phrase, as contiguous casefolded words."""

    def __init__(self, texts: list[str]) -> None:
        # Fenced by blanks, so that no part of a word matches.
        self._lines = [f" {' '.join(words(text))} " for text in texts]
        self.holders = lru_cache(maxsize=None)(self._holders)
        self._with_word: dict[str, set[int]] = {}
        for number, line in enumerate(self._lines):
            for word in set(line.split()):
                self._with_word.setdefault(word, set()).add(number)

    def _holders(self, phrase: str) -> frozenset[int]:
        """0-based numbers of the texts that hold the phrase; none for a phrase of no words."""
        return frozenset(self.find(words(phrase)))

    def find(self, phrase: list[str]) -> set[int]:
        """The same for a phrase given as casefolded words."""
        if not phrase:
            return set()
        rarest_first = sorted((self._with_word.get(word, set()) for word in set(phrase)), key=len)
        likely = set.intersection(*rarest_first)
        if len(phrase) == 1:
            return likely
        needle = f" {' '.join(phrase)} "
        return {number for number in likely if needle in self._lines[number]}


@dataclass(frozen=True)
class Material:
    """Instances and hosts with the look-ups that construction needs."""

    instances: tuple[Instance, ...]
    hosts: tuple[Host, ...]

    @cached_property
    def entities(self) -> EntityFinder:
        return EntityFinder(one.response for one in (*self.instances, *self.hosts))

    @cached_property
    def _in_responses(self) -> PhraseIndex:
        return PhraseIndex([instance.response for instance in self.instances])

    @cached_property
    def _in_questions(self) -> PhraseIndex:
        return PhraseIndex(
            [instance.instruction for instance in self.instances]
            + [instance.input for instance in self.instances]
        )

    def answering(self, phrase: str) -> frozenset[int]:
        """1-based rows whose response holds the phrase."""
        return frozenset(number + 1 for number in self._in_responses.holders(phrase))

    def asking(self, phrase: str) -> frozenset[int]:
        """1-based rows whose instruction or input holds the phrase."""
        n = len(self.instances)
        return frozenset(number % n + 1 for number in self._in_questions.holders(phrase))

    @cached_property
    def _same_content(self) -> dict[str, frozenset[int]]:
        rows: dict[str, set[int]] = {}
        for instance in self.instances:
            rows.setdefault(instance.content_sha256, set()).add(instance.row)
        return {content: frozenset(found) for content, found in rows.items()}

    def duplicates(self, instance: Instance) -> frozenset[int]:
        """1-based rows with exactly this content, its own included."""
        return self._same_content[instance.content_sha256]

    @cached_property
    def _topics(self) -> tuple[TfidfVectorizer, object]:
        vectorizer = TfidfVectorizer(analyzer=content_stems, sublinear_tf=True)
        matrix = vectorizer.fit_transform(
            f"{instance.instruction}\n{instance.response}" for instance in self.instances
        )
        return vectorizer, matrix.T.tocsr()

    @cached_property
    def related(self) -> Callable[[Host], tuple[Instance, ...]]:
        """The instances nearest in topic to a host, best first; at least one word is shared.

        Cosine of TF-IDF vectors of content words, prompt + response against instruction +
        response.
        """
        return lru_cache(maxsize=None)(self._related)

    def _related(self, host: Host) -> tuple[Instance, ...]:
        vectorizer, transposed = self._topics
        query = vectorizer.transform([f"{host.instruction}\n{host.response}"])
        scores = (query @ transposed).toarray()[0]
        best = np.lexsort((np.arange(len(scores)), -scores))[:N_RELATED]
        return tuple(self.instances[i] for i in best if scores[i] > 0)

    def hosts_in_random_order(self, split: Split, rng: random.Random) -> list[Host]:
        """All hosts of the half: first every prompt with a random model, then with another..."""
        hosts = [host for host in self.hosts if host.split == split]
        rng.shuffle(hosts)
        seen: Counter[str] = Counter()
        rounds = []
        for host in hosts:
            key = prompt_key(host.instruction)
            rounds.append(seen[key])
            seen[key] += 1
        return [hosts[i] for i in sorted(range(len(hosts)), key=lambda i: rounds[i])]


def prompt_key(instruction: str) -> str:
    """Equal for prompts of the same words."""
    return " ".join(words(instruction))


def read_jsonl(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def load_instances(path: Path = DATASETS / "dolly-15k.jsonl") -> tuple[Instance, ...]:
    return tuple(
        Instance(
            row=row, instruction=one["instruction"], input=one["input"], response=one["output"]
        )
        for row, one in enumerate(read_jsonl(path), start=1)
    )


def load_hosts(folder: Path = DATASETS / "just-eval") -> tuple[Host, ...]:
    """All responses of all models, in the order of `MODELS` and of prompt ids."""
    first_id: dict[str, int] = {}
    hosts = []
    for model in MODELS:
        for one in sorted(read_jsonl(folder / f"{model}.jsonl"), key=lambda one: one["id"]):
            first = first_id.setdefault(prompt_key(one["instruction"]), one["id"])
            hosts.append(
                Host(
                    prompt_id=one["id"],
                    split="test" if first % 2 else "dev",
                    model=model,
                    instruction=one["instruction"],
                    response=one["output"],
                    task_types=frozenset(one["task_types"]),
                )
            )
    return tuple(hosts)


def load_material() -> Material:
    """Dolly and just-eval from `../shared/datasets`.

    Raises:
        FileNotFoundError: the staged datasets are not on this machine.
    """
    return Material(load_instances(), load_hosts())
