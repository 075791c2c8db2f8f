"""The demo family."""

from itlim.ui.demo import report

report.show()
