"""URL parameters: the run, token, selection and coloring on screen, and the traced span."""

from dataclasses import dataclass

import streamlit as st

from itlim.errors import InputError
from itlim.records import Thresholds


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
    """Point the URL at another run and drop token, selection and span, which refer to the old."""
    for name in ("token", "sel", "span", "cand"):
        st.query_params.pop(name, None)
    st.query_params["run"] = run_id


def write_view(**parts: str | int | None) -> None:
    """Set URL parameters; None removes one."""
    for name, value in parts.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != str(value):
            st.query_params[name] = str(value)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


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
