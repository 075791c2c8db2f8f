"""Compute the effect of each removal on each case from the readings of retrained models."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from itlim.causality.cases import Case, holders, relation, span_tokens
from itlim.causality.probes import Probe, Reading
from itlim.errors import InputError
from itlim.models.pair import LoadedPair
from itlim.schema import LEAVE_OUT
from itlim.text.phrases import phrase_in


class Effects:
    """Compare retrained models with the full model on the cases of one seed.

    Args:
        cases: phrases of the full model's answers.
        probes: the answers; `case.probe` points into them.
        full: reading of the full model, made in the same way as those of the retrained models.
        shell: decodes token ids.
        instances: the rows of `schema.INSTANCES` on which the models were tuned.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        probes: Sequence[Probe],
        full: Reading,
        shell: LoadedPair,
        instances: pa.Table,
    ) -> None:
        self._cases = tuple(cases)
        self._full = full
        texts = [shell.token_texts(probe.response_ids) for probe in probes]
        self._tokens = [
            span_tokens(texts[case.probe], case.span_start, case.span_stop) for case in cases
        ]
        for case in cases:
            if texts[case.probe].response != case.response:
                raise InputError(
                    f"Case {case.case_id} quotes another response than its probe: received "
                    f"{case.response!r}, expected {texts[case.probe].response!r}."
                )
        self._index = {one: place for place, one in enumerate(_column(instances, "instance_id"))}
        self._categories = [
            json.loads(extra or "{}").get("category") for extra in _column(instances, "extra")
        ]
        responses = _column(instances, "response")
        self._holders = [holders(case.span_text, responses) for case in cases]
        self._truth_in_full = [
            None if case.truth is None else phrase_in(case.truth, case.response) for case in cases
        ]

    def of(self, removed: frozenset[str], reading: Reading) -> pa.Table:
        """One row of `schema.LEAVE_OUT` per case.

        Args:
            removed: ids of the instances that were left out.
            reading: reading of the model that was retrained without them.
        """
        indices = frozenset(self._index[one] for one in removed)
        ids = [one for one, place in self._index.items() if place in indices]
        rows = [
            self._case_columns(place)
            | {
                "instance_ids": ids,
                "relation": str(
                    relation(indices, self._holders[place], case.category, self._categories)
                ),
                "logp_drop": self._logp_drop(place, reading),
            }
            | self._answer_columns(place, reading.answers[case.probe])
            for place, case in enumerate(self._cases)
        ]
        return pa.Table.from_pylist(rows, schema=LEAVE_OUT)

    def _case_columns(self, place: int) -> dict[str, Any]:
        case = self._cases[place]
        names = ("case_id", "seed", "split", "instruction", "category", "response", "attribute")
        return {name: getattr(case, name) for name in names} | {
            "span_text": case.span_text,
            "span_start": case.span_start,
            "span_stop": case.span_stop,
            "is_main": case.is_main,
            "n_holders": len(self._holders[place]),
        }

    def _logp_drop(self, place: int, reading: Reading) -> float:
        """Log-probability of the span's tokens, full minus retrained, summed in float64."""
        probe, tokens = self._cases[place].probe, self._tokens[place]
        before = self._full.logps[probe][tokens].astype(np.float64)
        after = reading.logps[probe][tokens].astype(np.float64)
        return float((before - after).sum())

    def _answer_columns(self, place: int, answer: str | None) -> dict[str, Any]:
        case, truth_before = self._cases[place], self._truth_in_full[place]
        now = case.response if answer is None else answer
        truth_now = None if case.truth is None else phrase_in(case.truth, now)
        return {
            "phrase_gone": not phrase_in(case.span_text, now),
            "answer_changed": now != case.response,
            "becomes_correct": None if truth_now is None else truth_now and not truth_before,
        }


def _column(table: pa.Table, name: str) -> list[Any]:
    return table[name].to_pylist()
