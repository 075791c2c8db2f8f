"""One answer without token measures as an HTML file."""

from collections.abc import Sequence

from itlim.components.tokens import assets
from itlim.components.tokens.html_page import DocumentSection, html_page, page_colors
from itlim.records import NO_MEASURES, ResponseRun
from itlim.text.html import html_text

_FACTS = (
    ("pair", "Model"),
    ("origin", "Origin"),
    ("created_at", "Imported"),
    ("run_id", "Run"),
    ("itlim_version", "itlim"),
)


def response_document(run: ResponseRun, *, sections: Sequence[DocumentSection] = ()) -> str:
    """Write an answer as a self-contained HTML page.

    Args:
        run: the answer.
        sections: sections of other views, for example the trace of a span.

    Returns:
        The HTML document; it must be encoded as UTF-8.
    """
    styles = dict.fromkeys(section.style for section in sections)
    given = f'<p class="given">{html_text(run.input)}</p>' if run.input else ""
    facts = "".join(
        f"<tr><th>{label}</th><td>{html_text(getattr(run, name))}</td></tr>"
        for name, label in _FACTS
    )
    body = f"""<main>
<div class="top-line"><span>itlim · imported answer</span></div>
<h1>{html_text(run.instruction)}</h1>
{given}
<p class="models">Answer from <b>{html_text(run.pair)}</b>. {NO_MEASURES}</p>
<p class="given">{html_text(run.response)}</p>
{"".join(section.markup for section in sections)}
<h2>The run</h2><table>{facts}</table>
<footer>Made by itlim {html_text(run.itlim_version)}.</footer>
</main>"""
    return html_page(
        body,
        title=run.instruction,
        version=run.itlim_version,
        style="".join((page_colors(), assets.style_sheet(), assets.document_styles(), *styles)),
        scripts=[*dict.fromkeys(section.script for section in sections)],
    )
