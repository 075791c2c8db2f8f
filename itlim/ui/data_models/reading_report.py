"""Show what became of a dataset's rows and columns, in the preview and after the build."""

import streamlit as st

from itlim.datasets import report_lines
from itlim.records import ReadingReport
from itlim.text.markdown import as_markdown


def show_report(report: ReadingReport, about: str) -> None:
    """Show rows used, rows left out by reason and columns not used; nothing if all was used.

    Args:
        report: the report.
        about: the rows that it is about, as the title.
    """
    lines = report_lines(report)
    if not lines:
        return
    with st.container(border=True, key=f"reading-report-{about}"):
        st.markdown(f"**Report on {as_markdown(about)}**")
        for line in lines:
            st.caption(as_markdown(line))
