"""Cells of CSV files: texts that a spreadsheet would run as formulas are written as texts.

Such a cell gets a leading apostrophe, which spreadsheets do not show, and is read without it. The
same applies to cells that already begin with apostrophes and such a character, so that every text
is restored exactly.
"""

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# A line feed may be dropped, and spreadsheets in East Asian languages take full-width signs.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def csv_cell(value: Any) -> Any:
    """The value to write; numbers stay as they are.

    >>> csv_cell("=1+1"), csv_cell("'=1"), csv_cell("'tis"), csv_cell(-1.5)
    ("'=1+1", "''=1", "'tis", -1.5)
    """
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def csv_table(table: "pd.DataFrame") -> str:
    """A table as CSV, in which neither a cell nor the name of a column begins like a formula."""
    return table.map(csv_cell).rename(columns=csv_cell).to_csv(index=False)


def csv_text(cell: str) -> str:
    """The text that `csv_cell` wrote as this cell.

    >>> csv_text("'=1+1"), csv_text("'tis")
    ('=1+1', "'tis")
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
