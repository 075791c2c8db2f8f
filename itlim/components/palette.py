"""All colors with a meaning: token view, exported file and charts.

The order of the colors does not depend on color vision: the luminance of each ramp changes evenly,
and the shift categories also differ in underline (token view) or marker symbol (charts).
`tests/components/test_palette.py` checks the contrast of every text with its background (WCAG AA,
4.5 to 1) and of every mark with the page (3 to 1).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from itlim.schema import ShiftCategory

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
ACCENT_FILL = "#0b5cad"
"""Background of a main button, under white text, in both themes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryStyle:
    """The style of one shift category."""

    fill: str
    """Background of a token; `transparent` for the page's own."""
    ink: str
    """Text on `fill`."""
    line: str
    """Underline of a token, and marks in a chart."""
    underline: str
    """CSS text-decoration-style; `none` draws no line."""
    symbol: str
    """Plotly marker symbol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colors of one theme, as #rrggbb; a fill may be `transparent`."""

    background: str
    panel: str
    text: str
    muted: str
    border: str
    accent: str
    base: str
    """The base model, in bars and lines."""
    tuned: str
    """The tuned model."""
    categories: dict[ShiftCategory, CategoryStyle]
    ramp: tuple[str, ...]
    """Eight backgrounds, from close to the base model (transparent) to far from it."""
    ramp_ink: tuple[str, ...]
    """Text on each step of `ramp`."""
    layers: tuple[str, ...]
    """Cool colors for boxes around tokens, which cannot be mistaken for shift."""


def _categories(
    text: str, unshifted: str, marginal: tuple[str, str, str], shifted: tuple[str, str, str]
) -> dict[ShiftCategory, CategoryStyle]:
    """Styles of the categories; `marginal` and `shifted` are (fill, ink, line)."""
    return {
        ShiftCategory.UNSHIFTED: CategoryStyle(
            fill="transparent", ink=text, line=unshifted, underline="none", symbol="circle"
        ),
        ShiftCategory.MARGINAL: CategoryStyle(
            fill=marginal[0],
            ink=marginal[1],
            line=marginal[2],
            underline="dotted",
            symbol="diamond",
        ),
        ShiftCategory.SHIFTED: CategoryStyle(
            fill=shifted[0], ink=shifted[1], line=shifted[2], underline="solid", symbol="square"
        ),
    }


PALETTES: dict[Theme, Palette] = {
    "light": Palette(
        background="#ffffff",
        panel="#f6f8fa",
        text="#1f2328",
        muted="#59636e",
        border="#d1d9e0",
        accent="#0b5cad",
        base="#0b5cad",
        tuned="#b0480a",
        categories=_categories(
            "#1f2328",
            "#6e7781",
            ("#ffedb3", "#241a00", "#946800"),
            ("#f7a765", "#2a1200", "#a13a00"),
        ),
        ramp=(
            "transparent",
            "#fff4d9",
            "#fee3aa",
            "#fdcc78",
            "#fbae4f",
            "#e8852a",
            "#b4540c",
            "#7a3203",
        ),
        ramp_ink=("#1f2328", *("#2a1200",) * 5, *("#ffffff",) * 2),
        layers=("#0067a5", "#00705a", "#a32369", "#5b4bb5"),
    ),
    "dark": Palette(
        background="#0e1117",
        panel="#1a1e26",
        text="#f0f3f6",
        muted="#9aa4af",
        border="#3a414b",
        accent="#6cb6ff",
        base="#6cb6ff",
        tuned="#ffb06b",
        categories=_categories(
            "#f0f3f6",
            "#8b949e",
            ("#4f3e10", "#fff3d1", "#f0c75e"),
            ("#96470f", "#fff4ea", "#ffae70"),
        ),
        ramp=(
            "transparent",
            "#33280f",
            "#4c3911",
            "#684b10",
            "#87610f",
            "#b0822a",
            "#d9a94a",
            "#ffe0a0",
        ),
        ramp_ink=("#f0f3f6", *("#ffffff",) * 4, *("#201400",) * 3),
        layers=("#7cc4ff", "#5fd6b2", "#ff8fc4", "#b9adff"),
    ),
}


def by_theme(color: Callable[[Palette], str]) -> str:
    """A CSS color that follows the page's theme, also when the visitor changes it."""
    return f"light-dark({color(PALETTES['light'])}, {color(PALETTES['dark'])})"


def css_variables(palette: Palette) -> str:
    """The palette as CSS custom properties, one declaration per line.

    `token_view.css` defines no colors; it reads these `--tv-*` properties.
    """
    pairs = {
        "background-default": palette.background,
        "panel-default": palette.panel,
        "text-default": palette.text,
        "border-default": palette.border,
        "accent-default": palette.accent,
        "accent-fill": ACCENT_FILL,
        "muted": palette.muted,
        "base": palette.base,
        "tuned": palette.tuned,
    }
    for category, style in palette.categories.items():
        pairs[f"{category}-fill"] = style.fill
        pairs[f"{category}-ink"] = style.ink
        pairs[f"{category}-line"] = style.line
        pairs[f"{category}-underline"] = style.underline
    for step, (fill, ink) in enumerate(zip(palette.ramp, palette.ramp_ink, strict=True)):
        pairs[f"step-{step}"] = fill
        pairs[f"step-{step}-ink"] = ink
    for number, color in enumerate(palette.layers):
        pairs[f"layer-{number}"] = color
    return "\n".join(f"  --tv-{name}: {value};" for name, value in pairs.items())


def theme_css(view: str) -> str:
    """The two CSS rules that set the colors of a view: light by default, or dark.

    Args:
        view: class of the view's outermost element, such as `tv`.
    """
    return (
        f".{view} {{\n{css_variables(PALETTES['light'])}\n}}\n"
        f'.{view}[data-theme="dark"] {{\n{css_variables(PALETTES["dark"])}\n}}\n'
    )
