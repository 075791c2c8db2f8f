"""The frame of an exported HTML file, which needs neither a server nor the network.

Its content security policy allows only the scripts and the style sheet of the file, by their hash,
so text that a model wrote cannot run code even if it became markup.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from itlim.components.palette import PALETTES, Palette
from itlim.text.html import html_text


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSection:
    """A section that another view adds to the file, below the tokens."""

    markup: str
    """Already escaped."""
    style: str
    script: str
    """A classic script; it runs once for all sections that share it."""


def html_page(
    body: str,
    *,
    title: str,
    version: str,
    style: str,
    scripts: Sequence[str] = (),
    draws_figures: bool = False,
) -> str:
    """A self-contained HTML page, to be encoded as UTF-8.

    Args:
        body: markup of the body, already escaped.
        title: title of the browser tab, as plain text.
        version: version of itlim, as plain text.
        style: the style sheet.
        scripts: classic scripts that run after the body.
        draws_figures: whether scripts write styles and save images, as plotly does.
    """
    policy = content_policy(scripts, style, draws_figures=draws_figures)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="itlim {html_text(version)}">
<title>{html_text(title)}</title>
<style>{style}</style>
</head>
<body>
{body}
{"".join(f"<script>{script}</script>" for script in scripts)}
</body>
</html>
"""


def json_for_script(data: Any) -> str:
    """JSON for use inside a script element: `<`, `>` and `&` are escaped.

    >>> json_for_script({"text": "</script>"})
    '{"text":"\\\\u003c/script\\\\u003e"}'
    """
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def content_policy(scripts: Sequence[str], style: str, *, draws_figures: bool = False) -> str:
    """A content security policy that allows only these scripts and this style sheet.

    If scripts draw figures, they may also write styles and make images, but load nothing.
    """
    styles = "'unsafe-inline'; img-src data: blob:" if draws_figures else f"'{_source_hash(style)}'"
    allowed = " ".join(f"'{_source_hash(script)}'" for script in scripts) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; "
        f"style-src {styles}; base-uri 'none'; form-action 'none'"
    )


def _source_hash(source: str) -> str:
    digest = hashlib.sha256(source.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def page_colors() -> str:
    """CSS rules for the page's colors: by the system's theme, or as chosen with the button."""

    def rule(palette: Palette) -> str:
        return (
            f"{{ --page-ground: {palette.background}; --page-ink: {palette.text}; "
            f"--page-muted: {palette.muted}; --page-edge: {palette.border}; }}\n"
        )

    light, dark = rule(PALETTES["light"]), rule(PALETTES["dark"])
    return (
        f":root {light}@media (prefers-color-scheme: dark) {{ :root {dark}}}\n"
        f'html[data-theme="light"] {light}html[data-theme="dark"] {dark}'
    )
