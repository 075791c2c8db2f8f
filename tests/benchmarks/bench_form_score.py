"""Does the offline score agree with AlpaGasus? Run: python -m tests.benchmarks.bench_form_score.

Prints the probability that a row which AlpaGasus kept scores higher than one which it left out.
AlpaGasus' Dolly rows are joined by instruction, because some of them were edited.
"""

import json

from sklearn.metrics import roc_auc_score

from itlim.remedies.quality_score import form_score
from itlim.settings import PROJECT_FOLDER

_DATASETS = PROJECT_FOLDER.parent / "shared" / "datasets"
_SETS = (
    ("dolly-15k", "dolly-3k-alpagasus", ("instruction",)),
    ("alpaca-52k", "alpaca-5k-alpagasus-claude", ("instruction", "input", "output")),
)


def _rows(name):
    text = (_DATASETS / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def main():
    for whole, kept, key in _SETS:
        picked = {tuple(row[one] for one in key) for row in _rows(kept)}
        rows = _rows(whole)
        is_kept = [tuple(row[one] for one in key) in picked for row in rows]
        scores = [form_score(row["instruction"], row["input"], row["output"]) for row in rows]
        auc = roc_auc_score(is_kept, [one.total for one in scores])
        print(f"{whole}: AUC {auc:.3f}, {sum(is_kept):,} of {len(rows):,} rows kept")


if __name__ == "__main__":
    main()
