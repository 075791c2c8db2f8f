"""Show what became of a dataset's rows and columns, in the preview and after the build."""

import re

import streamlit as st

from itlim.datasets import report_lines
from itlim.records import ReadingReport

_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+!|~$:-])")


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
        st.markdown(f"**Report on {as_plain_text(about)}**")
        for line in lines:
            st.caption(as_plain_text(line))


def as_plain_text(text: str) -> str:
    r"""Text for Markdown that appears as it is: names of columns may contain any characters.

    >>> print(as_plain_text("*a*"))
    \*a\*
    """
    return _MARKUP.sub(r"\\\1", text)
