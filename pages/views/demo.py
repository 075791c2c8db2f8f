"""Show what the demo family's models do, with figures."""

from itlim.ui.demo import report

report.show()
