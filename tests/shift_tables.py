"""Made-up measures and their token tables, for tests without a model."""

import numpy as np

from itlim.records import Thresholds, TokenShifts, TokenTexts
from itlim.shift.tables import token_table

EOS_ID = 0


def made_up_shifts(count, *, top_k=3, seed=0, **columns) -> TokenShifts:
    generator = np.random.default_rng(seed)
    ids = generator.integers(1, 90, count)
    fields = {
        "token_id": ids,
        "tuned_argmax_id": ids,
        "base_rank": generator.integers(1, 9, count),
        "emitted_rank": generator.integers(1, 9, count),
    }
    fields |= {
        name: generator.random(count)
        for name in (
            "base_prob tuned_prob emitted_prob emitted_tuned_prob kl_tuned_base "
            "kl_base_tuned js base_entropy tuned_entropy"
        ).split()
    }
    for model in ("base", "tuned"):
        fields[f"top_{model}_ids"] = generator.integers(1, 90, (count, top_k))
        fields[f"top_{model}_probs"] = np.sort(generator.random((count, top_k)))[:, ::-1]
    fields |= {name: np.array(values) for name, values in columns.items()}
    return TokenShifts(**fields)


def made_up_table(shifts, texts=None, run_id="run", thresholds=None, first=0):
    texts = texts or [" w" if token != EOS_ID else "" for token in shifts.token_id]
    stops = np.cumsum([len(text) for text in texts]).tolist()
    spelled = TokenTexts(
        texts=tuple(texts),
        char_starts=(0, *stops[:-1]),
        char_stops=tuple(stops),
        response="".join(texts),
    )
    limits = thresholds or Thresholds()
    return token_table(run_id, shifts, spelled, lambda token: f"t{token}", {EOS_ID}, limits, first)
