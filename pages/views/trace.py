"""Trace words of a response to instances of the instruction-tuning dataset."""

from itlim.ui.trace import page

page.show()
