"""Indexes of instruction-tuning datasets, and tracing of an answer's words to their instances."""

from itlim.trace.index.build import build_index, ensure_index
from itlim.trace.index.folders import index_folder
from itlim.trace.index.index import TraceIndex, open_index
from itlim.trace.index.own_controls import fit_chance
from itlim.trace.phrases import borrowed_phrases, default_phrase
from itlim.trace.tracer import trace_span
from itlim.trace.verbatim import verbatim_spans

__all__ = [
    "TraceIndex",
    "borrowed_phrases",
    "build_index",
    "default_phrase",
    "ensure_index",
    "fit_chance",
    "index_folder",
    "open_index",
    "trace_span",
    "verbatim_spans",
]
