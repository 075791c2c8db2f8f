"""Build plotly figures from tables; pure functions without Streamlit, store or models.

Axis titles take unit and meaning from the schema and colors from the token view's palette,
and every figure states its n. Pass figures to Streamlit with `theme=None`.
"""

from itlim.charts.comparisons import HeadAgainstRest, category_shares, head_against_rest
from itlim.charts.contrasts import contrast_shares
from itlim.charts.distributions import metric_distribution, metric_ecdf
from itlim.charts.positions import clicked_position, metric_along_positions
from itlim.charts.survival import share_bars, survival_bars

__all__ = [
    "HeadAgainstRest",
    "category_shares",
    "clicked_position",
    "contrast_shares",
    "head_against_rest",
    "metric_along_positions",
    "metric_distribution",
    "metric_ecdf",
    "share_bars",
    "survival_bars",
]
