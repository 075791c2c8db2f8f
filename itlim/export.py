"""One run as JSON, CSV or Parquet, and back from JSON and Parquet; a trace as JSON or CSV.

JSON and Parquet contain everything: export, import and export again gives the same
bytes. CSV contains the token rows, with the top tokens as JSON in their cells. Of an answer without
token measures, CSV contains the answer, and the others have no tokens.
"""

import csv
import io
import json
import re
from dataclasses import asdict
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.errors import InputError
from itlim.records import (
    NO_MEASURES,
    ResponseRun,
    StoredRun,
    Thresholds,
    Trace,
    run_of_row,
)
from itlim.schema import RUNS, TOKEN_SHIFTS
from itlim.shift.summary import run_summary
from itlim.store.run_checks import check_response, check_runs, check_tokens
from itlim.text.csv_cells import csv_cell

FORMAT = "itlim-run/1"
TRACE_FORMAT = "itlim-trace/1"
_CANDIDATE_COLUMNS = (
    "rank",
    "dataset",
    "line",
    "instance_id",
    "level",
    "score",
    "evidence_nats",
    "part",
    "concept_cos",
    "coverage",
    "topic_overlap",
    "d1_similarity",
    "keyword_presence",
    "fuzzy_ratio",
    "influence_cos",
    "influence_dot",
    "instruction",
    "input",
    "response",
)
_DECODING_KEYS = {"decoding": "mode", "max_new_tokens": "max_new_tokens"}
_METADATA_KEY = b"itlim_run"
_JSON_RUN = re.compile(rb'\s*\{\s*"format"\s*:\s*"itlim-run/')
"""The beginning of every run as JSON."""


def run_document(run: StoredRun) -> dict[str, Any]:
    """A run as one JSON object: columns of `RUNS`, `tokens` and a `summary` computed from them.

    Both are null if the run has no token measures, and `note` says why.
    """
    row = run.row()
    document: dict[str, Any] = {"format": FORMAT}
    document |= {key: value for key, value in row.items() if key not in _DECODING_KEYS}
    document["created_at"] = run.created_at.isoformat()
    document["decoding"] = {name: row[key] for key, name in _DECODING_KEYS.items()}
    if isinstance(run, ResponseRun):
        return document | {"tokens": None, "summary": None, "note": NO_MEASURES}
    document["tokens"] = run.tokens.drop_columns(["run_id"]).to_pylist()
    thresholds = Thresholds(marginal_above=run.marginal_above, shifted_above=run.shifted_above)
    document["summary"] = run_summary(run.tokens, thresholds)
    return document


def run_to_json(run: StoredRun) -> str:
    """The document as text, ending with a line break."""
    return json.dumps(run_document(run), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def run_from_json(text: str) -> StoredRun:
    """Read a run that `run_to_json` wrote.

    Raises:
        InputError: the text is not such a run, or its token texts do not join to its response.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"Not a JSON file (line {error.lineno}: {error.msg}).") from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, or thousands of brackets in each other.
        raise InputError(f"Not a run that itlim exported ({error}).") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        received = document.get("format") if isinstance(document, dict) else type(document).__name__
        raise InputError(f"Not an itlim run: expected format {FORMAT!r}, received {received!r}.")
    try:
        row = document | {key: document["decoding"][name] for key, name in _DECODING_KEYS.items()}
        row["created_at"] = datetime.fromisoformat(document["created_at"])
        rows = [token | {"run_id": document["run_id"]} for token in document["tokens"] or ()]
        run = run_of_row(row, pa.Table.from_pylist(rows, schema=TOKEN_SHIFTS))
    except (KeyError, TypeError, ValueError, OverflowError, pa.ArrowException) as error:
        raise InputError(f"The run is incomplete or damaged: {error!r}.") from error
    return _checked(run)


def exported_run(content: bytes) -> StoredRun | None:
    """The run in a JSON or Parquet file that itlim exported; None if the file is another.

    Raises:
        InputError: the run is incomplete or damaged.
    """
    if _JSON_RUN.match(content):
        try:
            return run_from_json(content.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise InputError(
                f"The run is not UTF-8 text ({error.reason}), but a JSON export is. Export it "
                "again, and import that file unchanged."
            ) from error
    try:
        metadata = pq.read_schema(io.BytesIO(content)).metadata if content[:4] == b"PAR1" else None
    except (pa.ArrowException, OSError):
        return None
    return run_from_parquet(content) if _METADATA_KEY in (metadata or {}) else None


def run_to_csv(run: StoredRun) -> str:
    """One line per token, with a header and CR LF line ends (RFC 4180).

    A run without token measures is one line of its own columns.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    if isinstance(run, ResponseRun):
        row = asdict(run) | {"created_at": run.created_at.isoformat()}
        writer.writerows([row.keys(), map(csv_cell, row.values())])
        return out.getvalue()
    writer.writerow(TOKEN_SHIFTS.names)
    for token in run.tokens.to_pylist():
        writer.writerow(
            json.dumps(value, ensure_ascii=False) if isinstance(value, list) else csv_cell(value)
            for value in (token[name] for name in TOKEN_SHIFTS.names)
        )
    return out.getvalue()


def run_to_parquet(run: StoredRun) -> bytes:
    """The token rows as Parquet; the file's metadata contains the run's own columns as JSON."""
    row = run.row() | {"created_at": run.created_at.isoformat()}
    metadata = {_METADATA_KEY: json.dumps(row, ensure_ascii=False).encode()}
    sink = io.BytesIO()
    tokens = TOKEN_SHIFTS.empty_table() if isinstance(run, ResponseRun) else run.tokens
    pq.write_table(tokens.combine_chunks().replace_schema_metadata(metadata), sink)
    return sink.getvalue()


def run_from_parquet(content: bytes) -> StoredRun:
    """Read a run that `run_to_parquet` wrote.

    Raises:
        InputError: the content is not such a file.
    """
    try:
        table = pq.read_table(io.BytesIO(content))
        row = json.loads((table.schema.metadata or {})[_METADATA_KEY])
        row["created_at"] = datetime.fromisoformat(row["created_at"])
        tokens = table.replace_schema_metadata(None).cast(TOKEN_SHIFTS)
        run = run_of_row(row, tokens)
    except (
        *(KeyError, TypeError, ValueError, OverflowError, RecursionError, OSError),
        pa.ArrowException,
    ) as error:
        raise InputError(
            "Not a Parquet file that itlim exported: expected token rows with the run in the "
            f"metadata ({type(error).__name__})."
        ) from error
    return _checked(run)


def trace_document(trace: Trace) -> dict[str, Any]:
    """A trace as one JSON object; offsets are code points, half-open."""
    document: dict[str, Any] = {"format": TRACE_FORMAT, **asdict(trace)}
    start, stop = document.pop("start"), document.pop("stop")
    return document | {"span": [start, stop], "quote": trace.quote}


def trace_to_json(trace: Trace) -> str:
    """The document as text, ending with a line break."""
    document = trace_document(trace)
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def trace_to_csv(trace: Trace) -> str:
    """One line per candidate, copied words in the last column; CR LF line ends (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*_CANDIDATE_COLUMNS, "copied"])
    for candidate in trace.candidates:
        runs = dict.fromkeys(
            trace.response[run.span_start : run.span_stop]
            for run in candidate.runs
            if not run.is_fuzzy
        )
        row = [csv_cell(getattr(candidate, name)) for name in _CANDIDATE_COLUMNS]
        writer.writerow([*row, json.dumps(list(runs), ensure_ascii=False)])
    return out.getvalue()


def _checked(run: StoredRun) -> StoredRun:
    """The run with its values in the types of the tables, after all checks."""
    try:
        row = pa.Table.from_pylist([run.row()], schema=RUNS)
    except (TypeError, ValueError, OverflowError, pa.ArrowException) as error:
        raise InputError(f"The run is incomplete or damaged: {error}.") from error
    check_runs(row)
    tokens = TOKEN_SHIFTS.empty_table() if isinstance(run, ResponseRun) else run.tokens
    run = run_of_row(row.to_pylist()[0], tokens)
    if not isinstance(run, ResponseRun):
        check_tokens(run.tokens)
        check_response(run.response, run.tokens)
    return run
