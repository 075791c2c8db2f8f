"""A page that mounts only the trace view and its overview; `?case=` picks what they show."""

import sys
from dataclasses import replace
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from example_traces import RESPONSE, example_spans, example_trace  # noqa: E402

from itlim.components.trace.overview import overview_payload  # noqa: E402
from itlim.components.trace.payload import trace_payload  # noqa: E402
from itlim.ui.shared.mounts.trace import trace_overview, trace_view  # noqa: E402

st.set_page_config(layout="wide")
query = st.query_params
AWKWARD = (
    "👩‍🚀 <b>سلام</b> &amp; مرحبا بالعالم \u202eabc\u202c. "
    + "Filler words go on. " * 40
    + "The end 🙂 of Tony and Maureen."
)


def trace_of(case: str):
    match case:
        case "none":
            return example_trace("Xyzzy plugh.", "plugh")
        case "awkward":
            rows = [
                {
                    "instruction": "<img src=x onerror=alert(1)>",
                    "input": "x " * 900,
                    "output": AWKWARD,
                }
            ]
            return example_trace(
                AWKWARD, "مرحبا بالعالم", rows=rows, instruction="<script>1</script>"
            )
        case "influence":
            found = example_trace(quote="The company was started in 1947.")
            cosines = (0.125, 0.5, -0.25)
            measured = [
                replace(one, influence_cos=cosine)
                for one, cosine in zip(found.candidates, cosines, strict=False)
            ]
            rest = found.candidates[len(measured) :]
            return replace(found, candidates=(*measured, *rest), influence="all weights")
        case "chance":
            return example_trace(quote="The company was started in", null_p=0.4)
        case _:
            return example_trace(
                quote="was founded by Tony and Maureen Wheeler. The company was started"
            )


trace = trace_of(query.get("case", "toyota"))
asked = trace_overview(
    overview_payload(
        trace.response,
        example_spans() if trace.response == RESPONSE else (),
        doc="overview",
        active=(trace.start, trace.stop),
    ),
    key="overview",
)
state = trace_view(
    trace_payload(trace, doc="one", title="demo-sft", licences={"demo": "Apache-2.0"}),
    key="trace",
    candidate=query.get("cand"),
    reversible=True,
)
if asked:
    st.session_state.asked = asked
if state.others:
    st.session_state.others = state.others
st.text(f"candidate={state.candidate}")
st.text(f"others={st.session_state.get('others')} asked={st.session_state.get('asked')}")
