"""The command `judge`: ask a language model on a server to rate stored or imported answers."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pyarrow.parquet as pq
import typer

from itlim.cli.endpoint_options import (
    CompletionPrice,
    Concurrency,
    PerMinute,
    PromptPrice,
    Timeout,
    usage_document,
    usage_line,
)
from itlim.cli.options import JsonFlag, as_utf8
from itlim.cli.terminal import ProgressReport, print_table
from itlim.datasets.responses import read_responses
from itlim.disk import whole_file
from itlim.errors import InputError
from itlim.settings import database_path
from itlim.store.batches import tasks_by_run
from itlim.store.connection import Store
from itlim.store.runs import load_scored
from itlim.text.messages import plural
from itlim.text.prompts import asked_text

if TYPE_CHECKING:
    from itlim.remedies.judge_scores import RatingMean
    from itlim.remedies.judging import Rated


def judge(
    base_url: Annotated[
        str, typer.Option(help="Server with OpenAI's protocol, such as http://127.0.0.1:8000/v1.")
    ],
    judge_model: Annotated[
        str, typer.Option("--judge", help="Name of the judging model on that server.")
    ],
    out: Annotated[Path, typer.Option(help="Parquet file for the ratings, one row per answer.")],
    responses: Annotated[
        list[Path] | None,
        typer.Option(help="File of answers, as for import-responses; may be repeated."),
    ] = None,
    model: Annotated[
        str, typer.Option(help="Name of the model that answered, if the files do not name it.")
    ] = "",
    pair: Annotated[
        list[str] | None, typer.Option(help="Pair whose stored answers are rated; repeatable.")
    ] = None,
    db: Annotated[Path | None, typer.Option(help="Database with the pair's answers.")] = None,
    per_minute: PerMinute = 60.0,
    concurrency: Concurrency = 4,
    timeout: Timeout = 60.0,
    prompt_price: PromptPrice = None,
    completion_price: CompletionPrice = None,
    structured: Annotated[
        bool, typer.Option(help="Ask for structured output; servers without it are asked without.")
    ] = True,
    as_json: JsonFlag = False,
) -> None:
    """Rate answers on five aspects from 1 to 5, with the paper's prompt (Figure 11).

    The key is read from ITLIM_API_KEY or OPENAI_API_KEY and never stored. Replies are kept beside
    --out: the same command resumes, and nothing is asked twice.
    """
    from itlim.endpoints.settings import EndpointSettings
    from itlim.remedies.judge_scores import rating_means
    from itlim.remedies.judging import rate
    from itlim.remedies.kept_replies import KeptReplies

    if not out.parent.is_dir():
        raise InputError(f"{out.parent} is not a folder: choose a file in an existing folder.")
    settings = EndpointSettings(
        base_url=base_url,
        model=judge_model,
        from_command_line=True,
        requests_per_minute=per_minute,
        concurrency=concurrency,
        timeout=timeout,
        prompt_price=prompt_price,
        completion_price=completion_price,
    )
    wanted = _answers(responses or (), model, pair or (), db)
    kept = KeptReplies(out.with_suffix(".replies.jsonl"))
    with ProgressReport(
        f"Rate {plural(len(wanted), 'answer')} with {judge_model}",
        f"Replies are kept in {kept.path}: the same command resumes.",
        unit="answer",
    ) as report:
        now = datetime.now(UTC)
        table, usage = rate(
            settings, wanted, kept, structured=structured, rated_at=now, progress=report.steps
        )
    with whole_file(out) as draft:
        pq.write_table(table, draft, compression="zstd")
    means = rating_means(table)
    statuses = _counts(table["status"].to_pylist())
    if not as_json:
        _print(means, statuses, usage_line(usage, settings), out)
        return
    document = {
        "n": table.num_rows,
        "status": statuses,
        "usage": usage_document(usage, settings),
        "means": list(map(_mean_document, means)),
    }
    typer.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))


def _answers(
    files: Sequence[Path], model: str, pairs: Sequence[str], db: Path | None
) -> "list[Rated]":
    from itlim.remedies.judging import Rated

    if not files and not pairs:
        raise InputError("Give --responses FILE or --pair NAME: what is to be rated?")
    now = datetime.now(UTC)
    found = [
        (run.run_id, run.pair, run.instruction, run.input, run.response)
        for file in files
        for run in read_responses(file, imported_at=now, model=as_utf8(model, "--model")).runs
    ]
    columns = ("run_id", "pair", "instruction", "input", "response")
    tasks: dict[str, str] = {}
    if pairs:
        with Store(db or database_path()) as store:
            tasks = tasks_by_run(store)
            for name in pairs:
                rows, _ = load_scored(store, name, columns, ("run_id",))
                if not rows.num_rows:
                    raise InputError(f"There is no stored answer of {name}. Is the name right?")
                found += [tuple(row[one] for one in columns) for row in rows.to_pylist()]
    return [
        Rated(
            response_id=run_id,
            model=pair,
            instruction=asked_text(instruction, given).strip(),
            response=response,
            task=tasks.get(run_id),
        )
        for run_id, pair, instruction, given, response in found
    ]


def _counts(values: Sequence[str]) -> dict[str, int]:
    return {value: values.count(value) for value in sorted(set(values))}


def _mean_document(one: "RatingMean") -> dict[str, object]:
    return {
        "model": one.model,
        "aspect": str(one.aspect),
        "value": one.estimate.value,
        "n": one.estimate.n,
        "ci_low": one.estimate.ci_low,
        "ci_high": one.estimate.ci_high,
    }


def _print(
    means: "Sequence[RatingMean]",
    status: dict[str, int],
    usage: str,
    out: Path,
) -> None:
    rows = [("model", "aspect", "mean", "95% interval", "n")]
    for one in means:
        found = one.estimate
        value = "–" if found.value is None else f"{found.value:.2f}"
        interval = "" if found.ci_low is None else f"{found.ci_low:.2f} to {found.ci_high:.2f}"
        rows.append((one.model, str(one.aspect), value, interval, f"{found.n:,}"))
    print_table(rows)
    counted = ", ".join(f"{number:,} {name}" for name, number in status.items())
    typer.echo(
        f"Answers of the judge: {counted}. {usage} Ratings with reasons and raw answers: {out}"
    )
