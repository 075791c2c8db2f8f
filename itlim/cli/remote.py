"""The command `add-pair`, and `inspect` of pairs with a model behind a server."""

import json
from pathlib import Path
from typing import Annotated

import typer

from itlim.cli.options import Template
from itlim.cli.terminal import ProgressReport, show_notices, styled_token
from itlim.endpoints.keys import is_withheld, key_note
from itlim.errors import InputError
from itlim.library import add_remote_pair, load_library
from itlim.records import (
    ModelSource,
    RemotePair,
    RemoteRequest,
    RemoteRun,
    RemoteSource,
    ServerModel,
)
from itlim.remote.documents import remote_document, remote_summary
from itlim.remote.statements import column_statements
from itlim.settings import database_path, user_library_path
from itlim.store.connection import Store
from itlim.store.remote_runs import save_remote


def add_pair(
    name: Annotated[str, typer.Argument(help="Name of the pair.", show_default=False)],
    base_url: Annotated[
        str | None, typer.Option(help="Server of the base model, such as http://127.0.0.1:8000/v1.")
    ] = None,
    base_model: Annotated[str | None, typer.Option(help="Its name on that server.")] = None,
    tuned_url: Annotated[str | None, typer.Option(help="Server of the tuned model.")] = None,
    tuned_model: Annotated[str | None, typer.Option(help="Its name on that server.")] = None,
    tokenizer: Annotated[
        Path | None,
        typer.Option(help="Local folder with the tokenizer of both, or its tokenizer.json."),
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="Base model on this machine: folder, .gguf or hub id.")
    ] = None,
    tuned: Annotated[
        str | None, typer.Option(help="Tuned model on this machine: folder, .gguf or hub id.")
    ] = None,
    template: Template = None,
    dataset: Annotated[
        str | None, typer.Option(help="Dataset of the library that the tuned model was tuned on.")
    ] = None,
    note: Annotated[str, typer.Option(help="Shown in lists of pairs.")] = "",
) -> None:
    """Add a pair with one or both models behind a server.

    The server returns prompt_logprobs, as vLLM does.

    The key is read from ITLIM_API_KEY or OPENAI_API_KEY whenever the pair is asked; it is not
    stored, and sent only to servers that ITLIM_API_URL or ITLIM_KEY_URLS names. No server is asked
    by this command.
    """
    from itlim.remote.answering import check_tokenizers

    library = load_library()
    if name in library.pairs or name in library.remote_pairs:
        raise InputError(f"A pair named {name!r} already exists: choose another name.")
    pair = RemotePair(
        name=name,
        base=_source("base", base, base_url, base_model, tokenizer),
        tuned=_source("tuned", tuned, tuned_url, tuned_model, tokenizer),
        template="alpaca" if template is None else library.template(template),
        dataset=dataset,
        note=note,
    )
    check_tokenizers(pair)
    add_remote_pair(pair)
    _show_key_notes(pair)
    typer.echo(f"Added {name} to {user_library_path()}.")


def _source(
    role: str, path: str | None, url: str | None, model: str | None, tokenizer: Path | None
) -> RemoteSource:
    if path is not None and (url or model):
        raise InputError(f"Give either --{role} or --{role}-url with --{role}-model, not both.")
    if path is not None:
        return ModelSource(path=path)
    if not url or not model or tokenizer is None:
        raise InputError(
            f"The {role} model lacks --{role}-url, --{role}-model or --tokenizer. For a model on "
            f"this machine give --{role}."
        )
    return ServerModel(url=url, model=model, tokenizer=str(tokenizer.expanduser().resolve()))


def inspect_remote(request: RemoteRequest, *, save: bool, db: Path | None, as_json: bool) -> None:
    """Answer or score with servers, and print what each column is."""
    from itlim.remote.answering import answer_remotely

    _show_key_notes(request.pair)
    with ProgressReport(estimates=False) as report:
        run = answer_remotely(request, progress=report.fraction)
    show_notices(run.notices)
    if save:
        with Store(db or database_path()) as store:
            save_remote(store, run)
    if as_json:
        typer.echo(json.dumps(remote_document(run), ensure_ascii=False, allow_nan=False))
        return
    _show(run)


def _show_key_notes(pair: RemotePair) -> None:
    """Print which servers are asked without the key that is set."""
    for url in {one.url: None for one in (pair.base, pair.tuned) if isinstance(one, ServerModel)}:
        if is_withheld(url):
            typer.echo(key_note(url), err=True)


def _show(run: RemoteRun) -> None:
    rows = run.tokens.select(["text", "category"]).to_pylist()
    typer.echo("".join(styled_token(row["text"], row["category"]) for row in rows))
    typer.echo(f"\nrun {run.run_id} · {run.pair} · {run.finish_reason}", err=True)
    for statement in column_statements(run.tokens):
        typer.echo(statement.line(), err=True)
    typer.echo(json.dumps(remote_summary(run), ensure_ascii=False), err=True)
