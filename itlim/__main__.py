"""The command line: `python -m itlim --help`. Imports no Streamlit, and torch only when needed.

Results go to standard output, progress and errors to standard error. Exit code
2 and one line on standard error mean bad input, 130 an interrupt.
"""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from itlim.annotation_commands import agreement, export, import_
from itlim.counterfactual_command import counterfactual
from itlim.errors import InputError, ItlimError
from itlim.export import run_document
from itlim.influence_command import influence
from itlim.leave_out_command import leave_out
from itlim.library import load_library
from itlim.models.pair_cache import PairCache
from itlim.pair_options import chosen_pair
from itlim.pipeline import Inspection, request_id
from itlim.records import DEFAULT_MAX_NEW_TOKENS, Request, Run, Thresholds
from itlim.settings import database_path
from itlim.shift.summary import run_summary
from itlim.store.connection import Store
from itlim.store.runs import load_run, save_run
from itlim.terminal import ProgressBar, coloured_response
from itlim.trace_commands import index
from itlim.tracing_command import trace
from itlim.training_commands import demo_app, train

app = typer.Typer(
    help="Which words of an answer did instruction tuning put there, and where did the wrong "
    "ones come from?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(train)
app.command()(trace)
app.command()(influence)
app.command("leave-out")(leave_out)
app.command()(index)
app.command()(counterfactual)
app.command()(agreement)
app.command()(export)
app.command("import")(import_)
app.add_typer(demo_app, name="demo")

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def pairs(as_json: JsonFlag = False) -> None:
    """List the model pairs of the library."""
    found = load_library().pairs.values()
    if as_json:
        rows = [
            {
                "name": pair.name,
                "base": pair.base.path,
                "tuned": pair.tuned_source.path,
                "tuning": str(pair.kind),
                "template": pair.template_name,
                "dataset": pair.dataset,
                "note": pair.note,
            }
            for pair in found
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for pair in found:
        typer.echo(f"{pair.name:16} {pair.kind:8} {pair.template_name:14} {pair.note}")


@app.command()
def inspect(
    instruction: Annotated[str, typer.Option(help="What the model should do.")],
    pair: Annotated[str | None, typer.Option(help="A pair of the library.")] = None,
    base: Annotated[str | None, typer.Option(help="Base model: folder or hub id.")] = None,
    tuned: Annotated[str | None, typer.Option(help="Tuned model: folder or hub id.")] = None,
    adapter: Annotated[str | None, typer.Option(help="PEFT adapter of the base.")] = None,
    template: Annotated[str | None, typer.Option(help="Prompt template.")] = None,
    input_text: Annotated[str, typer.Option("--input", help="Context to the instruction.")] = "",
    response: Annotated[
        Path | None, typer.Option(help="Score this text file (- for standard input).")
    ] = None,
    max_new_tokens: Annotated[
        int, typer.Option(help="Limit of the response.")
    ] = DEFAULT_MAX_NEW_TOKENS,
    dtype: Annotated[str, typer.Option(help="auto, float32, bfloat16, float16.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps.")] = "auto",
    save: Annotated[bool, typer.Option("--save", help="Keep the run in the store.")] = False,
    db: Annotated[Path | None, typer.Option(help="The store's DuckDB file.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Score every token of a response under both models of a pair."""
    request = Request(
        pair=chosen_pair(pair, base, tuned, adapter, template, dtype, device),
        instruction=instruction,
        input=input_text,
        response=_read_response(response),
        max_new_tokens=max_new_tokens,
    )
    if save:
        with Store(db or database_path()) as store:
            run = load_run(store, request_id(request)) or _answered(request)
            save_run(store, run)
    else:
        run = _answered(request)
    if as_json:
        typer.echo(json.dumps(run_document(run), ensure_ascii=False, allow_nan=False))
    else:
        _show(run)


def _answered(request: Request) -> Run:
    bar = ProgressBar()
    try:
        loaded = PairCache(capacity=1).get(request.pair, bar.fraction)
    finally:
        bar.close()
    return Inspection(request, loaded).answer()


def _show(run: Run) -> None:
    thresholds = Thresholds(marginal_above=run.marginal_above, shifted_above=run.shifted_above)
    summary = run_summary(run.tokens, thresholds)
    typer.echo(coloured_response(run))
    typer.echo(f"\nrun {run.run_id} · {run.pair} · {run.finish_reason}", err=True)
    typer.echo(json.dumps(summary, ensure_ascii=False), err=True)


def _read_response(path: Path | None) -> str | None:
    if path is None:
        return None
    if str(path) == "-":
        return sys.stdin.read()
    try:
        # newline="": the response is scored as it stands, carriage returns included.
        with path.open(encoding="utf-8", newline="") as stream:
            return stream.read()
    except OSError as error:
        raise InputError(f"The response file {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"The response file {path} is not UTF-8: {error.reason}.") from error


def main() -> None:
    """Run the command line."""
    _quieten_libraries()
    try:
        app(standalone_mode=False)
    except ItlimError as error:
        _fail(str(error))
    except typer.TyperException as error:
        # Usage errors know the option's name only in their formatted form.
        format_message = getattr(error, "format_message", None)
        _fail(format_message() if format_message else str(error))
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("itlim: interrupted", err=True)
        sys.exit(130)


def _quieten_libraries() -> None:
    """Leave standard error to itlim's own words; bars only where somebody watches."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    warnings.filterwarnings("ignore", category=FutureWarning)
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def _fail(message: str) -> NoReturn:
    words = " ".join(message.split()) or "a command is missing; see python -m itlim --help"
    typer.echo(f"itlim: {words}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
