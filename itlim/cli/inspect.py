"""The commands `inspect` and `pairs`: score a response under both models; list the pairs."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from itlim.cli.options import (
    Adapter,
    BaseModel,
    Context,
    Device,
    Dtype,
    JsonFlag,
    PairName,
    Template,
    TunedModel,
)
from itlim.cli.remote import inspect_remote
from itlim.cli.terminal import ProgressReport, colored_response, show_notices
from itlim.errors import InputError
from itlim.export import run_document
from itlim.library import load_library, resolve_pair
from itlim.models.gguf import shown_quantization
from itlim.models.model_files import missing_parts
from itlim.models.pair_cache import PairCache
from itlim.pipeline import Inspection, identify
from itlim.records import (
    DEFAULT_LISTED,
    DEFAULT_MAX_NEW_TOKENS,
    IdentifiedRequest,
    RemotePair,
    RemoteRequest,
    RemoteSource,
    Request,
    Run,
    ServerModel,
    Thresholds,
)
from itlim.settings import database_path
from itlim.shift.summary import run_summary
from itlim.store.connection import Store
from itlim.store.runs import load_measured, save_run


def pairs(as_json: JsonFlag = False) -> None:
    """List the model pairs of the library."""
    library = load_library()
    found, remote = library.pairs.values(), library.remote_pairs.values()
    if as_json:
        rows = [
            {
                "name": pair.name,
                "base": pair.base.path,
                "tuned": pair.tuned_source.path,
                "tuning": str(pair.kind),
                "quantization": {
                    "base": shown_quantization(pair.base),
                    "tuned": shown_quantization(pair.tuned_source),
                },
                "template": pair.template_name,
                "dataset": pair.dataset,
                "note": pair.note,
                "built": not missing_parts(pair),
            }
            for pair in found
        ]
        rows += [_remote_row(served) for served in remote]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for pair in found:
        built = "not built" if missing_parts(pair) else "built"
        typer.echo(f"{pair.name:16} {pair.kind:8} {pair.template_name:14} {built:10} {pair.note}")
    for served in remote:
        typer.echo(
            f"{served.name:16} {'remote':8} {served.template_name:14} {'':10} "
            f"{_shown(served.base)} → {_shown(served.tuned)} {served.note}"
        )


def _remote_row(pair: RemotePair) -> dict[str, Any]:
    return {
        "name": pair.name,
        "base": _shown(pair.base),
        "tuned": _shown(pair.tuned),
        "tuning": "remote",
        "quantization": {"base": None, "tuned": None},
        "template": pair.template_name,
        "dataset": pair.dataset,
        "note": pair.note,
        "built": None,
    }


def _shown(source: RemoteSource) -> str:
    return source.shown if isinstance(source, ServerModel) else source.path


def inspect(
    instruction: Annotated[str, typer.Option(help="What the model should do.")],
    pair: PairName = None,
    base: BaseModel = None,
    tuned: TunedModel = None,
    adapter: Adapter = None,
    template: Template = None,
    input_text: Context = "",
    response: Annotated[
        Path | None,
        typer.Option(help="Text file with the response to score; - reads standard input."),
    ] = None,
    max_new_tokens: Annotated[
        int, typer.Option(help="Maximum number of tokens of the response.")
    ] = DEFAULT_MAX_NEW_TOKENS,
    dtype: Dtype = "auto",
    device: Device = "auto",
    top_k: Annotated[
        int,
        typer.Option(help="Most probable tokens to ask a server for; for pairs behind servers."),
    ] = DEFAULT_LISTED,
    save: Annotated[bool, typer.Option("--save", help="Save the run in the database.")] = False,
    db: Annotated[Path | None, typer.Option(help="DuckDB file of the database.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Score every token of a response under both models of a pair."""
    remote = load_library().remote_pairs.get(pair or "")
    if remote is not None:
        _reject_models(base, tuned, adapter)
        asked = RemoteRequest(
            pair=remote if template is None else _with_template(remote, template),
            instruction=instruction,
            input=input_text,
            response=_read_response(response),
            max_new_tokens=max_new_tokens,
            top_k=top_k,
        )
        inspect_remote(asked, save=save, db=db, as_json=as_json)
        return
    request = Request(
        pair=resolve_pair(pair, base, tuned, adapter, template, dtype, device),
        instruction=instruction,
        input=input_text,
        response=_read_response(response),
        max_new_tokens=max_new_tokens,
    )
    identified = identify(request)
    run, notices = _stored(identified, db) if save else _answered(identified)
    show_notices(notices)
    if as_json:
        document = run_document(run) | {"notices": list(notices)}
        typer.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))
    else:
        _show(run)


def _with_template(pair: RemotePair, template: str) -> RemotePair:
    return replace(pair, template=load_library().template(template))


def _reject_models(*models: str | None) -> None:
    if any(models):
        raise InputError("Give either --pair or --base with --tuned or --adapter, not both.")


def _stored(identified: IdentifiedRequest, db: Path | None) -> tuple[Run, tuple[str, ...]]:
    """The run of the database, or a new one that is saved there."""
    with Store(db or database_path()) as store:
        known = load_measured(store, identified.id)
        if known is not None:
            return known, ()
        run, notices = _answered(identified)
        save_run(store, run)
        return run, notices


def _answered(identified: IdentifiedRequest) -> tuple[Run, tuple[str, ...]]:
    with ProgressReport(estimates=False) as report:
        loaded = PairCache(capacity=1).get(
            identified.request.pair, report.fraction, hashes=identified.hashes
        )
        report.message = "Answering and scoring"
        inspection = Inspection(identified, loaded)
        run = inspection.answer()
    return run, inspection.notices


def _show(run: Run) -> None:
    thresholds = Thresholds(marginal_above=run.marginal_above, shifted_above=run.shifted_above)
    summary = run_summary(run.tokens, thresholds)
    typer.echo(colored_response(run))
    typer.echo(f"\nrun {run.run_id} · {run.pair} · {run.finish_reason}", err=True)
    typer.echo(json.dumps(summary, ensure_ascii=False), err=True)


def _read_response(path: Path | None) -> str | None:
    if path is None:
        return None
    if str(path) == "-":
        return sys.stdin.read()
    try:
        # newline="" keeps carriage returns, so that the response is scored unchanged.
        with path.open(encoding="utf-8", newline="") as stream:
            return stream.read()
    except OSError as error:
        raise InputError(
            f"The response file {path} cannot be read: {error.strerror}. Check its permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"The response file {path} is not UTF-8: {error.reason}. Convert it first."
        ) from error
