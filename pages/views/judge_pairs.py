"""Judge two responses side by side."""

from itlim.ui.judge_pairs import page

page.show()
