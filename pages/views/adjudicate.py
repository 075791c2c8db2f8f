"""Adjudicate annotated spans and show agreement."""

from itlim.ui.adjudicate import page

page.show()
