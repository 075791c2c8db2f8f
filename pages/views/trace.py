"""Trace words to training instances."""

from itlim.ui.trace import page

page.show()
