"""Style of all pages that Streamlit's theme settings do not cover."""

import streamlit as st

from itlim.components.palette import by_theme

_CSS = """
/* Streamlit's default of 6rem would push the response below the fold. */
.stMainBlockContainer { padding-top: 4rem; padding-bottom: 3rem; }
/* A script without anything to see takes no place. */
[data-testid="stLayoutWrapper"]:has(> .st-key-itlim-style, > .st-key-itlim-history-place,
    > .st-key-itlim-unseen) {
  position: absolute; height: 0; overflow: hidden;
}
/* Long ids break: a cell that scrolls cannot be reached with the keyboard. */
[data-testid="stTable"] :is(td, p, [data-testid="stMarkdownContainer"]) {
  overflow: visible !important; overflow-wrap: anywhere !important; white-space: normal !important;
}
/* Streamlit's gray for captions and hints is below 4.5:1 (WCAG 2.2, AA). */
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] * {
  color: %(muted)s; opacity: 1;
}
[data-testid="stCaptionContainer"] a { color: %(accent)s; }
textarea::placeholder, input::placeholder {
  color: %(muted)s !important; -webkit-text-fill-color: %(muted)s !important; opacity: 1 !important;
}
[data-testid="stMainBlockContainer"] button kbd { color: inherit; opacity: 1; }
[role="tab"][aria-selected="true"] * { color: %(accent)s; }
button:is([data-variant="segmented_control"], [data-variant="pills"])[data-selected="true"] * {
  color: %(accent)s;
}
/* Targets of at least 24 pixels (WCAG 2.2, 2.5.8). */
[data-testid="stMultiSelect"] input { min-width: 24px; min-height: 24px; }
[class*="st-key-narrow-"] { display: none; }
@media (max-width: 640px) {
  [class*="st-key-narrow-"] { display: flex; }
  [class*="st-key-narrow-"] ul { padding: 0; margin: 0; list-style: none; }
  [class*="st-key-narrow-"] li { margin-bottom: 1rem; }
  [class*="st-key-narrow-"] a { color: %(accent)s; }
  [data-testid="stLayoutWrapper"]:has(> [class*="st-key-narrow-"]) + * { display: none; }
  .stMainBlockContainer { padding-inline: 1rem; }
  [data-testid="stButtonGroup"] [role="radiogroup"] { flex-wrap: wrap; row-gap: 0.25rem; }
  .stMainBlockContainer h2 { font-size: 1.6rem; line-height: 1.25; }
}
"""


def page_style() -> None:
    """Add the style sheet to the page; its colors follow a change of the theme without a rerun."""
    colors = {
        "muted": by_theme(lambda palette: palette.muted),
        "accent": by_theme(lambda palette: palette.accent),
    }
    with st.container(key="itlim-style"):
        st.html(f"<style>{_CSS % colors}</style>")
