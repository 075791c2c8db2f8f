"""`make bench`: every measurement of the project, one after the other."""

import runpy
import sys
from pathlib import Path

for script in sorted(Path(__file__).parent.glob("bench_*.py")):
    print(f"\n== {script.stem}", flush=True)
    sys.argv = [script.name]
    runpy.run_path(str(script), run_name="__main__")
