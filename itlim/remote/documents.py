"""Export a run of a pair behind servers; each export says what its columns are."""

import csv
import io
import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from itlim.records import RemoteRun, figures_of
from itlim.remote.statements import column_statements
from itlim.schema import REMOTE_TOKENS, ShiftCategory
from itlim.text.csv_cells import csv_cell

FORMAT = "itlim.remote-run/1"


def remote_document(run: RemoteRun) -> dict[str, Any]:
    """The run as one JSON object: settings, a statement per column, tokens, and a summary.

    Missing figures are null. The summary has no mean of a bound.
    """
    return {
        "format": FORMAT,
        **figures_of(run),
        "columns": [asdict(one) for one in column_statements(run.tokens)],
        "tokens": run.tokens.drop_columns(["run_id"]).to_pylist(),
        "summary": remote_summary(run),
    }


def remote_summary(run: RemoteRun) -> dict[str, Any]:
    """Counts of the categories; end-of-sequence tokens are not counted.

    A share is of the tokens whose category is known; `n_unknown` counts the others.
    """
    rows = run.tokens.select(["category", "is_eos"]).to_pylist()
    counted = Counter(row["category"] for row in rows if not row["is_eos"])
    known = sum(counted[category] for category in ShiftCategory)
    return {
        "n_tokens": sum(counted.values()),
        "n_unknown": counted[None],
        "categories": {
            str(category): {
                "count": counted[category],
                "share": counted[category] / known if known else None,
            }
            for category in ShiftCategory
        },
    }


def remote_to_json(run: RemoteRun) -> str:
    """The document as text, ending with a line break."""
    return json.dumps(remote_document(run), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def remote_to_csv(run: RemoteRun) -> str:
    """One line per token, CR LF line ends (RFC 4180); empty cells are missing.

    The names of bounds end in `_at_least`, and those of `_decided` say whether ties matter.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(REMOTE_TOKENS.names)
    for token in run.tokens.to_pylist():
        writer.writerow(csv_cell(token[name]) for name in REMOTE_TOKENS.names)
    return out.getvalue()
