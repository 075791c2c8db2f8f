"""One run as an HTML file, with the same script and style sheet as the page."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from itlim.components.tokens import assets
from itlim.components.tokens.html_page import (
    DocumentSection,
    html_page,
    json_for_script,
    page_colors,
)
from itlim.components.tokens.payload import model_label, run_payload
from itlim.measures import DEFAULT_MEASURE, measure
from itlim.records import Thresholds
from itlim.schema import ShiftCategory
from itlim.shift.counts import CategoryCounts, category_counts
from itlim.text.html import html_text
from itlim.text.messages import plural

PAPER = (
    "Ghosh et al. 2024, A Closer Look at the Limitations of Instruction Tuning, arXiv:2402.05119"
)
_FACTS = (
    ("pair", "Pair"),
    ("base_model", "Base model"),
    ("tuned_model", "Tuned model"),
    ("tuning", "Tuning"),
    ("template", "Prompt template"),
    ("decoding", "Response"),
    ("finish_reason", "Finish reason"),
    ("dtype", "Weights"),
    ("origin", "Origin"),
    ("created_at", "Measured"),
    ("run_id", "Run"),
    ("base_hash", "Hash of the base model"),
    ("tuned_hash", "Hash of the tuned model"),
    ("itlim_version", "itlim"),
)


def html_document(
    run: Mapping[str, Any],
    tokens: pa.Table,
    *,
    title: str | None = None,
    sections: Sequence[DocumentSection] = (),
) -> str:
    """Write a run as a self-contained HTML page.

    Args:
        run: a row of RUNS, by column name.
        tokens: its TOKEN_SHIFTS in order of position.
        title: title of the browser tab; the instruction if None.
        sections: sections of other views, for example the trace of a span.

    Returns:
        The HTML document; it must be encoded as UTF-8.

    Raises:
        InputError: the tokens are not those of one run in order of position.
        NonFiniteError: a measure is NaN or infinite.
    """
    thresholds = Thresholds(
        marginal_above=run["marginal_above"], shifted_above=run["shifted_above"]
    )
    styles = dict.fromkeys(section.style for section in sections)
    style = "".join((page_colors(), assets.style_sheet(), assets.document_styles(), *styles))
    scripts = [assets.document_script(), *dict.fromkeys(one.script for one in sections)]
    data = run_payload(dict(run), tokens) | {
        "view_key": "document",
        "thresholds": {
            "marginal_above": thresholds.marginal_above,
            "shifted_above": thresholds.shifted_above,
        },
        "label": "Tokens of the response",
    }
    body = f"""<main>
{_head(run)}
{_prompt(run)}
{_summary(category_counts(tokens, thresholds), tokens)}
<noscript><p>Colors and details need JavaScript. The response:</p>
<p class="given">{html_text(run["response"])}</p></noscript>
{assets.markup()}
{"".join(section.markup for section in sections)}
{_reading(thresholds)}
{_facts(run)}
<footer>Made by itlim {html_text(run["itlim_version"])}. Shift categories: {escape(PAPER)}.</footer>
</main>
<script type="application/json" id="itlim-data">{json_for_script(data)}</script>"""
    return html_page(
        body,
        title=title or run["instruction"],
        version=run["itlim_version"],
        style=style,
        scripts=scripts,
    )


def _head(run: Mapping[str, Any]) -> str:
    given = f'<p class="given">{html_text(run["input"])}</p>' if run["input"] else ""
    verb = "answered" if run["decoding"] == "greedy" else "scored on a pasted response"
    return f"""<div class="top-line"><span>itlim · token distribution shift</span>
<button type="button" class="theme-toggle" hidden>Dark</button></div>
<h1>{html_text(run["instruction"])}</h1>
{given}
<p class="models"><b>{html_text(model_label(run["tuned_model"]))}</b> {verb}, compared token by
token with its base model <b>{html_text(model_label(run["base_model"]))}</b>.</p>"""


def _prompt(run: Mapping[str, Any]) -> str:
    return (
        "<details><summary>Prompt, the same for both models "
        f"({plural(len(run['prompt_token_ids']), 'token')})</summary>"
        f"<pre>{html_text(run['prompt'])}</pre></details>"
    )


def _summary(counts: CategoryCounts, tokens: pa.Table) -> str:
    """Counts of the categories and mean divergence, each with its n."""
    items = []
    for category in ShiftCategory:
        share = counts.share(category)
        amount = "undefined" if share is None else f"{share:.0%}"
        items.append((amount, f"{category}: {counts.counts[category]} of n = {counts.n} tokens"))
    main = measure(DEFAULT_MEASURE)
    kept = tokens.filter(pc.invert(tokens["is_eos"]))[main.column].to_numpy()
    mean = f"{kept.mean():.3g} {main.unit}" if len(kept) else "undefined"
    items.append((mean, f"mean {main.name}, n = {len(kept)} tokens"))
    rows = "".join(
        f"<li><strong>{escape(amount)}</strong><span>{escape(meaning)}</span></li>"
        for amount, meaning in items
    )
    return f'<ul class="figures">{rows}</ul>'


def _reading(thresholds: Thresholds) -> str:
    low, high = thresholds.marginal_above, thresholds.shifted_above
    marginal = f"Rank {low + 1} to {high}: marginal. " if high > low else ""
    parts = [
        (
            "Colors",
            "The category of a token is the rank of the tuned model's first choice under the base "
            f"model. Rank up to {low}: unshifted, as the base model would have continued. "
            f"{marginal}Above {high}: shifted, a change that comes from tuning.",
        ),
        (
            "Other measures",
            "The buttons above the text color it by KL (Kullback–Leibler) divergence, base "
            "probability and other measures. A color means the same number in every file. "
            "Divergences are in nats (natural-log units). JS: Jensen–Shannon divergence.",
        ),
        (
            "Details",
            "Point at a token, or move with the arrow keys, to see both models' most probable "
            "tokens. Click to pin them. Drag to select a passage. “?” lists the keys.",
        ),
        (
            "≠",
            "The token is not the tuned model's first choice, because the response was pasted.",
        ),
        (
            "End token",
            "The end-of-sequence token is measured and shown, but not counted in the shares and in "
            "the mean above.",
        ),
    ]
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in parts)
    return f'<h2>How to read this</h2><dl class="reading">{rows}</dl>'


def _facts(run: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{escape(label)}</th><td>{html_text(run[name])}</td></tr>"
        for name, label in _FACTS
    )
    return f"<h2>The run</h2><table>{rows}</table>"
