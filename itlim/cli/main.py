"""The command line: `python -m itlim --help`. Streamlit is never imported, torch only if needed.

Results go to standard output, progress and errors to standard error. On invalid input, one
line is printed on standard error and the exit code is 2; on an interrupt it is 130.
"""

import os
import sys
import warnings
from typing import NoReturn

import typer

from itlim.cli.annotate import agreement, export, import_
from itlim.cli.app import app as run_app
from itlim.cli.batch import batch
from itlim.cli.counterfactual import counterfactual
from itlim.cli.demo import demo_app, demo_study
from itlim.cli.derive import evolve, filter_, simplify
from itlim.cli.findings import findings
from itlim.cli.import_responses import import_responses
from itlim.cli.index import index
from itlim.cli.influence import influence
from itlim.cli.inspect import inspect, pairs
from itlim.cli.judge import judge
from itlim.cli.leave_out import SHIPPED_STUDIES, leave_out
from itlim.cli.provenance import provenance
from itlim.cli.real import real_app
from itlim.cli.remote import add_pair
from itlim.cli.runs import runs_app
from itlim.cli.trace import trace
from itlim.cli.train import train
from itlim.disk import full_error_of
from itlim.errors import ItlimError

app = typer.Typer(
    help="Which words of an answer did instruction tuning put there, and where did the wrong "
    "ones come from?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("app")(run_app)
app.command()(train)
app.command()(trace)
app.command()(provenance)
app.command()(findings)
app.command()(influence)
app.command()(judge)
app.command()(simplify)
app.command("filter")(filter_)
app.command()(evolve)
app.command("leave-out")(leave_out)
app.command()(index)
app.command()(counterfactual)
app.command()(agreement)
app.command()(export)
app.command("import")(import_)
app.command("import-responses")(import_responses)
app.command()(pairs)
app.command("add-pair")(add_pair)
app.command()(inspect)
app.command()(batch)
app.add_typer(runs_app, name="runs")
app.add_typer(demo_app, name="demo")
app.add_typer(real_app, name="real")
SHIPPED_STUDIES["demo"] = demo_study


def main() -> None:
    """Run the command line."""
    _silence_libraries()
    try:
        _run()
    except ItlimError as error:
        _fail(str(error))
    except BrokenPipeError:
        # The reader of standard output, such as `head`, has closed it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        full = full_error_of(error, "the result")
        if full is None:
            raise
        _fail(str(full))
    except typer.TyperException as error:
        # Only the formatted message of a usage error contains the option's name.
        format_message = getattr(error, "format_message", None)
        _fail(format_message() if format_message else str(error))
    except typer.Exit as error:
        sys.exit(error.exit_code)


def _run() -> None:
    # Typer's own main() returns the code of an interrupt instead of exiting with it, and loses
    # the message; a context of the command does neither.
    command = typer.main.get_command(app)
    with command.make_context("itlim", sys.argv[1:]) as context:
        command.invoke(context)


def _silence_libraries() -> None:
    """Keep messages of libraries off standard error, and progress bars unless it is a terminal."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    warnings.filterwarnings("ignore", category=FutureWarning)
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def _fail(message: str) -> NoReturn:
    words = " ".join(message.split()) or "no command was given; see python -m itlim --help"
    typer.echo(f"itlim: {words}", err=True)
    sys.exit(2)
