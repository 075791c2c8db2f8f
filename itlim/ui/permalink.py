"""The address bar: which run, which token, which selection, which colours are on screen."""

from dataclasses import dataclass

import streamlit as st

from itlim.records import Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a link to a run says; every part but the run is optional."""

    run_id: str | None
    token: int | None
    selection: tuple[int, int] | None
    metric: str | None
    thresholds: Thresholds


def read_view() -> View:
    """The view of the current address; nonsense in it counts as absent."""
    params = st.query_params
    marginal = _number(params.get("marginal"), 1)
    shifted = _number(params.get("shifted"), 3)
    valid = 1 <= marginal <= shifted
    return View(
        run_id=params.get("run") or None,
        token=_number(params.get("token"), None),
        selection=_selection(params.get("sel")),
        metric=params.get("metric"),
        thresholds=Thresholds(marginal_above=marginal, shifted_above=shifted)
        if valid
        else Thresholds(),
    )


def open_run(run_id: str) -> None:
    """Point the address at another run; token and selection belonged to the old one."""
    for name in ("token", "sel"):
        st.query_params.pop(name, None)
    st.query_params["run"] = run_id


def write_view(**parts: str | int | None) -> None:
    """Change parts of the address; None removes one."""
    for name, value in parts.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != str(value):
            st.query_params[name] = str(value)


def _number(text: str | None, otherwise: int | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else otherwise


def _selection(text: str | None) -> tuple[int, int] | None:
    start, _, stop = (text or "").partition("-")
    first, last = _number(start, None), _number(stop, None)
    return (first, last) if first is not None and last is not None and first < last else None
