"""The demo family and what it shows."""

import streamlit as st

from itlim.ui import demo_view, services

st.header("The demo family")
demo_view.honesty_note()
st.markdown(
    "A base language model of about a million parameters, trained on sentences about real-world "
    "facts, then tuned on instructions two ways: **LFT** (LoRA, rank 8) and **SFT** (all "
    "parameters), on the same data. Its test questions ask for facts the base knows and the "
    "tuning data does not mention. How it was made, with every setting tried: "
    "`data/demo/README.md`."
)
report = demo_view.load_report()
st.subheader("Does it show the effects?", divider="gray")
if report is None:
    st.info("No stored report: run `python -m itlim demo report --json > data/demo/report.json`.")
else:
    demo_view.claims_table(report)
st.subheader("Where the shift lies", divider="gray")
demo_view.family_charts(services.store())
st.subheader("The answers", divider="gray")
demo_view.gallery(services.store())
