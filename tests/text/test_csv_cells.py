"""Cells and column names of CSV files never begin like a formula, and are read back exactly."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.text.csv_cells import csv_cell, csv_table, csv_text

SIGNS = "=+-@\t\r\n＝＋－＠"


@pytest.mark.parametrize("sign", SIGNS)
def test_neither_a_cell_nor_a_column_name_begins_like_a_formula(sign):
    hostile = f'{sign}HYPERLINK("https://evil.example")'
    text = csv_table(pd.DataFrame({hostile: [hostile, "plain"], "number": [-1.5, 2.0]}))
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert header == [f"'{hostile}", "number"]
    assert [row[0] for row in rows] == [f"'{hostile}", "plain"]
    assert [float(row[1]) for row in rows] == [-1.5, 2.0]


@given(st.text(st.sampled_from(f"'{SIGNS}ab"), max_size=6))
def test_every_text_is_read_back(text):
    cell = csv_cell(text)
    assert csv_text(cell) == text
    assert not cell.startswith(tuple(SIGNS))
