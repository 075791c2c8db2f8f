"""The full model's answers on disk, so that a resumed study does not tune that model again."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from itlim.causality.probes import Probe
from itlim.causality.retraining.without_instances import Retraining
from itlim.ids import content_hash
from itlim.records import Prompt


class KeptAnswers:
    """The answers of one full model to some prompts, in a study's working folder.

    Args:
        work: folder of all studies.
        retraining: base, dataset, recipe and seed.
        prompts: prompts in the order of the answers.
        max_new_tokens: maximum length of the answers.
    """

    def __init__(
        self, work: Path, retraining: Retraining, prompts: Sequence[Prompt], max_new_tokens: int
    ) -> None:
        asked = [prompt.token_ids for prompt in prompts]
        name = content_hash(retraining.identity(), asked, max_new_tokens)[:16]
        self._path = work / f"answers-{name}.json"
        self._prompts = tuple(prompts)

    def load(self) -> tuple[Probe, ...] | None:
        """The answers as probes; None if they are not kept yet."""
        if not self._path.exists():
            return None
        answers = json.loads(self._path.read_text(encoding="utf-8"))
        return tuple(
            Probe(prompt=prompt, response_ids=tuple(ids))
            for prompt, ids in zip(self._prompts, answers, strict=True)
        )

    def save(self, probes: Sequence[Probe]) -> None:
        """Keep the answers."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(f".{os.getpid()}.part")
        unfinished.write_text(json.dumps([probe.response_ids for probe in probes]))
        unfinished.replace(self._path)
