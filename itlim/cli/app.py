"""The command `app`: start the Streamlit app of this installation."""

import signal
import subprocess
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from itlim.errors import InputError
from itlim.settings import APP_FILE

_SECONDS_TO_STOP = 10.0


def app(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8501,
    address: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Start the app and keep it running until Ctrl-C."""
    if find_spec("streamlit") is None:
        raise InputError("The app needs packages that are not installed: pip install 'itlim[app]'.")
    # Streamlit shows "Page not found" for a deep link until the root page has been visited once.
    visit = subprocess.Popen([sys.executable, "-m", "itlim.ui.shared.warm_up", str(port)])
    server = [sys.executable, "-m", "streamlit", "run", str(APP_FILE)]
    options = ["--server.address", address, "--server.port", str(port)]
    running = subprocess.Popen([*server, *options])
    try:
        code = running.wait()
    except KeyboardInterrupt:
        # The terminal sends Ctrl-C to the server as well; give it time to close the database.
        running.send_signal(signal.SIGINT)
        running.wait(_SECONDS_TO_STOP)
        raise
    finally:
        running.terminate()
        visit.terminate()
    if code:
        raise typer.Exit(code)
