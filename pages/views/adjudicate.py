"""Adjudicate spans and see agreement."""

from itlim.ui.adjudicate import page

page.show()
