"""URL parameters: the run, token, selection and coloring on screen, and the traced span."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.elements.arrow import DataframeStateInput

from itlim.errors import InputError
from itlim.records import Thresholds

_DIGITS = 9
MAX_LINKED = 1_500
"""Characters of typed text that an address contains; longer text is left out of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The URL parameters of a run; None for each one that is absent or invalid."""

    run_id: str | None
    token: int | None
    selection: tuple[int, int] | None
    metric: str | None
    thresholds: Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLink:
    """The URL parameters of a trace; None for each one that is absent or invalid."""

    run_id: str | None
    span: tuple[int, int] | None
    """Half-open range of code points of the response."""
    candidate: str | None
    """An instance id."""


def read_trace_link() -> TraceLink:
    """Read the trace from the current URL; invalid values count as absent."""
    params = st.query_params
    return TraceLink(
        run_id=params.get("run") or None,
        span=_selection(params.get("span")),
        candidate=params.get("cand") or None,
    )


def read_view() -> View:
    """Read the view from the current URL; invalid values count as absent."""
    params = st.query_params
    return View(
        run_id=params.get("run") or None,
        token=_number(params.get("token")),
        selection=_selection(params.get("sel")),
        metric=params.get("metric"),
        thresholds=_thresholds(params.get("marginal"), params.get("shifted")),
    )


def open_run(run_id: str) -> None:
    """Point the URL at another run and drop what refers to the old one, such as its span."""
    for name in ("token", "sel", "span", "cand", "sides"):
        st.query_params.pop(name, None)
    st.query_params["run"] = run_id


def write_view(**parts: str | int | None) -> None:
    """Set URL parameters; None removes one."""
    for name, value in parts.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != str(value):
            st.query_params[name] = str(value)


def row_in_address(parameter: str, names: Sequence[str]) -> DataframeStateInput:
    """The selection of a table with one row per name: the row that a URL parameter names."""
    named = st.query_params.get(parameter)
    return {"selection": {"rows": [at for at, name in enumerate(names) if name == named]}}


def joined_names(names: Iterable[str]) -> str:
    r"""Names as one URL parameter; commas and backslashes inside a name follow a backslash.

    >>> print(joined_names(["one", "tern, 7b"]))
    one,tern\, 7b
    """
    return ",".join(re.sub(r"([\\,])", r"\\\1", name) for name in names)


def names_in(parameter: str | None) -> list[str]:
    r"""The names of a URL parameter written by `joined_names`; empty ones are left out.

    A backslash before another character stands for itself, as in older addresses.

    >>> names_in(r"one,,tern\, 7b,org\model")
    ['one', 'tern, 7b', 'org\\model']
    """
    names = [""]
    for escaped, other in re.findall(r"\\([\\,])|(.)", parameter or "", re.DOTALL):
        if other == ",":
            names.append("")
        else:
            names[-1] += escaped or other
    return [name for name in names if name]


def spans_in(parameter: str | None) -> dict[str, tuple[int, int]]:
    """The spans of a URL parameter written by `joined_spans`, by run id; invalid ones are left out.

    >>> spans_in("aa.3-10,bb.9-2,cc")
    {'aa': (3, 10)}
    """
    named = (one.rpartition(".") for one in (parameter or "").split(","))
    found = {run_id: _selection(span) for run_id, _, span in named}
    return {run_id: span for run_id, span in found.items() if run_id and span}


def joined_spans(spans: Mapping[str, tuple[int, int]]) -> str | None:
    """Spans by run id as one URL parameter; None for no spans.

    >>> joined_spans({"aa": (3, 10), "bb": (0, 4)})
    'aa.3-10,bb.0-4'
    """
    return ",".join(f"{run_id}.{start}-{stop}" for run_id, (start, stop) in spans.items()) or None


def _number(text: str | None) -> int | None:
    """The number; None if the text is none, or is longer than any number of tokens."""
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) <= _DIGITS
    return int(text) if text is not None and is_number else None


def _thresholds(marginal: str | None, shifted: str | None) -> Thresholds:
    default = Thresholds()
    try:
        return Thresholds(
            marginal_above=_number(marginal) or default.marginal_above,
            shifted_above=_number(shifted) or default.shifted_above,
        )
    except InputError:
        return default


def _selection(text: str | None) -> tuple[int, int] | None:
    start, _, stop = (text or "").partition("-")
    first, last = _number(start), _number(stop)
    return (first, last) if first is not None and last is not None and first < last else None
