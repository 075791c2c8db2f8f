"""A trace in the exported HTML file: the same view as on the page."""

from collections.abc import Mapping
from html import escape

from itlim.components.tokens.html_page import DocumentSection, json_for_script
from itlim.components.trace import assets
from itlim.components.trace.payload import trace_payload
from itlim.components.trace.wording import verdict_in_words
from itlim.records import Trace
from itlim.text.html import isolated_html


def trace_section(
    trace: Trace, *, title: str = "Response", licences: Mapping[str, str] | None = None
) -> DocumentSection:
    """The section of one span; a file may contain several.

    Args:
        trace: a result of `itlim.trace.trace_span`.
        title: title of the response, such as the model's name.
        licences: license of each dataset, by name; the file quotes their instances.
    """
    name = f"trace-{trace.start}-{trace.stop}"
    data = trace_payload(trace, doc=name, title=title, licences=licences)
    return DocumentSection(
        markup=(
            f"<h2>Trace of “{isolated_html(trace.quote)}”</h2>\n"
            f"<noscript><p>{escape(verdict_in_words(trace))}</p></noscript>\n"
            f'<div data-trace="{name}">{assets.trace_markup()}</div>\n'
            f'<script type="application/json" id="{name}">{json_for_script(data)}</script>\n'
        ),
        style=assets.style_sheet(),
        script=assets.document_script(),
    )
