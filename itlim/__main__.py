"""`python -m itlim`: the command line, and its answer to Ctrl-C."""

import atexit
import os
import sys


def main() -> None:
    """Run the command line; on Ctrl-C, print one sentence and exit with code 130."""
    try:
        # Imported here because an interrupt may also arrive while the modules are loaded.
        from itlim.cli.main import main as run

        run()
    except KeyboardInterrupt as interrupt:
        message = str(interrupt).strip()
        sys.stderr.write(f"itlim: interrupted{'. ' if message else ''}{message}\n")
        sys.stderr.flush()
        # Contexts have closed their files by now. A regular exit would wait for threads, and
        # Python itself may end with the signal instead of the code.
        atexit._run_exitfuncs()
        os._exit(130)


if __name__ == "__main__":
    main()
