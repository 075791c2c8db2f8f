"""The address bar: which run, token, selection and colours are on screen; which span is traced."""

from dataclasses import dataclass

import streamlit as st

from itlim.errors import InputError
from itlim.records import Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a link to a run says; every part but the run is optional."""

    run_id: str | None
    token: int | None
    selection: tuple[int, int] | None
    metric: str | None
    thresholds: Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLink:
    """What a link to a trace says; every part but the run is optional."""

    run_id: str | None
    span: tuple[int, int] | None
    """Code points of the response."""
    candidate: str | None
    """An instance id."""


def read_trace_link() -> TraceLink:
    """The trace of the current address; nonsense in it counts as absent."""
    params = st.query_params
    return TraceLink(
        run_id=params.get("run") or None,
        span=_selection(params.get("span")),
        candidate=params.get("cand") or None,
    )


def read_view() -> View:
    """The view of the current address; nonsense in it counts as absent."""
    params = st.query_params
    return View(
        run_id=params.get("run") or None,
        token=_number(params.get("token")),
        selection=_selection(params.get("sel")),
        metric=params.get("metric"),
        thresholds=_thresholds(params.get("marginal"), params.get("shifted")),
    )


def open_run(run_id: str) -> None:
    """Point the address at another run; token, selection and span belonged to the old one."""
    for name in ("token", "sel", "span", "cand"):
        st.query_params.pop(name, None)
    st.query_params["run"] = run_id


def write_view(**parts: str | int | None) -> None:
    """Change parts of the address; None removes one."""
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
