"""Ask a model, or score a text, and inspect every token."""

from itlim.ui.ask import page

page.show()
