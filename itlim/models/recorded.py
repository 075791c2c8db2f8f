"""A stored run replayed as if its models were at work: no torch, no weights.

Demo, tests and pages of stored runs read from it what they else ask a
`LoadedPair` and the shift stage for.
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from itlim.errors import InputError, NotFoundError, ShapeError
from itlim.records import Generation, Prompt, Run, Thresholds, TokenTexts
from itlim.schema import FinishReason


class RecordedRun:
    """One run's prompt, answer and token rows.

    Raises:
        ShapeError: token rows are missing, out of order, or do not spell the response.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        positions = run.tokens["position"].to_pylist()
        if positions != list(range(len(positions))):
            raise ShapeError(
                f"Run {run.run_id} has token positions {positions[:5]}…: expected 0, 1, 2, … "
                "Store the run again."
            )
        spelled = "".join(run.tokens["text"].to_pylist())
        if spelled != run.response:
            raise ShapeError(
                f"The tokens of run {run.run_id} spell {spelled[:40]!r}…, its response is "
                f"{run.response[:40]!r}…. Store the run again."
            )

    @property
    def prompt(self) -> Prompt:
        return Prompt(text=self.run.prompt, token_ids=tuple(self.run.prompt_token_ids))

    @property
    def generation(self) -> Generation:
        """The recorded answer."""
        return Generation(
            prompt=self.prompt,
            token_ids=tuple(self.run.tokens["token_id"].to_pylist()),
            finish_reason=FinishReason(self.run.finish_reason),
        )

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(
            marginal_above=self.run.marginal_above, shifted_above=self.run.shifted_above
        )

    def render(self, instruction: str, input: str = "") -> Prompt:
        """The recorded prompt, for the recorded question only.

        Raises:
            NotFoundError: another question.
        """
        if (instruction, input) != (self.run.instruction, self.run.input):
            raise NotFoundError(
                f"Run {self.run.run_id} answers {self.run.instruction[:60]!r} only: load the pair "
                "to ask something else."
            )
        return self.prompt

    def token_texts(self, token_ids: Sequence[int]) -> TokenTexts:
        """Texts of the first so many recorded tokens.

        Raises:
            NotFoundError: other ids than the recorded ones.
        """
        recorded = self.generation.token_ids[: len(token_ids)]
        if tuple(token_ids) != recorded:
            raise NotFoundError(
                f"These token ids are not those of run {self.run.run_id}: load the pair instead."
            )
        rows = self.run.tokens.slice(0, len(token_ids))
        texts = tuple(rows["text"].to_pylist())
        return TokenTexts(
            texts=texts,
            char_starts=tuple(rows["char_start"].to_pylist()),
            char_stops=tuple(rows["char_stop"].to_pylist()),
            response="".join(texts),
        )

    def text_of(self, token_id: int) -> str:
        """Text of an id that the run shows among its top tokens or emitted.

        Raises:
            NotFoundError: an id that the run does not show.
        """
        for row in self.run.tokens.to_pylist():
            for shown in (*row["top_tuned"], *row["top_base"]):
                if shown["token_id"] == token_id:
                    return str(shown["text"])
            if row["token_id"] == token_id:
                return str(row["text"])
        raise NotFoundError(f"Run {self.run.run_id} shows no token {token_id}.")

    def steps(self, start: int = 0) -> Iterator[pa.Table]:
        """The token rows one by one, as live generation would give them.

        Raises:
            InputError: `start` lies behind the last token.
        """
        count = self.run.tokens.num_rows
        if not 0 <= start <= count:
            raise InputError(f"Step {start} asked for, run {self.run.run_id} has {count} tokens.")
        for position in range(start, count):
            yield self.run.tokens.slice(position, 1)
