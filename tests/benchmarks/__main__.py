"""`make bench`: every measurement of the project, one after the other."""

import runpy
import sys
from pathlib import Path

failed = []
for script in sorted(Path(__file__).parent.glob("bench_*.py")):
    print(f"\n== {script.stem}", flush=True)
    sys.argv = [script.name]
    try:
        runpy.run_path(str(script), run_name="__main__")
    except SystemExit as end:
        if end.code:
            print(end.code, flush=True)
            failed.append(script.stem)
if failed:
    sys.exit(f"Failed: {', '.join(failed)}.")
