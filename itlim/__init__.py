"""itlim: which words of an answer did instruction tuning put there, and where from?

The names below load when they are first used: `import itlim` takes milliseconds and does not
import torch.

    pair = itlim.load_pair("demo-sft")             # or base=…, tuned=… or adapter=…
    run = itlim.inspect(pair, "Tell me who founded Toyota.")
    run.to_pandas()                                # one row per token; a notebook shows colors
    itlim.read_dataset("demo").report              # rows used, rows left out, columns not used
    index = itlim.build_index("demo", lexical_only=True)
    trace = itlim.trace_span(run, "Tony and Maureen Wheeler", index)
    itlim.retrain_without(run, "Tony and Maureen Wheeler", [trace.candidates[0].instance_id])
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from itlim.api.causes import retrain_without
    from itlim.api.data import read_dataset, read_responses
    from itlim.api.provenance import Provenance, provenance
    from itlim.api.runs import Run, inspect, load_pair, score
    from itlim.api.storage import list_runs, load_run, open_store, save_run
    from itlim.api.tracing import build_index, fit_chance, open_index, trace_response, trace_span
    from itlim.errors import ItlimError
    from itlim.models.pair import LoadedPair
    from itlim.records import Trace
    from itlim.store.connection import Store
    from itlim.trace import TraceIndex

__all__ = [
    "ItlimError",
    "LoadedPair",
    "Provenance",
    "Run",
    "Store",
    "Trace",
    "TraceIndex",
    "__version__",
    "build_index",
    "fit_chance",
    "inspect",
    "list_runs",
    "load_pair",
    "load_run",
    "open_index",
    "open_store",
    "provenance",
    "read_dataset",
    "read_responses",
    "retrain_without",
    "save_run",
    "score",
    "trace_response",
    "trace_span",
]

_HOME = {
    "ItlimError": "itlim.errors",
    "LoadedPair": "itlim.models.pair",
    "Store": "itlim.store.connection",
    "Trace": "itlim.records",
    "TraceIndex": "itlim.trace",
    "retrain_without": "itlim.api.causes",
} | {
    name: f"itlim.api.{module}"
    for module, names in {
        "data": ("read_dataset", "read_responses"),
        "provenance": ("Provenance", "provenance"),
        "runs": ("Run", "inspect", "load_pair", "score"),
        "storage": ("list_runs", "load_run", "open_store", "save_run"),
        "tracing": ("build_index", "fit_chance", "open_index", "trace_response", "trace_span"),
    }.items()
    for name in names
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
