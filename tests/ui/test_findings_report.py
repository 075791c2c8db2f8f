"""The findings as one HTML file: complete, escaped, and without the network."""

import json
import re

import pytest

from itlim.components.report import ReportFigure, ReportSection, report_document
from itlim.findings.estimates import Estimate
from itlim.findings.imitation import MovedToken
from itlim.ui.findings.report import findings_report

EVIL = '</script><img src=x onerror="alert(1)">'


def numbers(pair="sft"):
    made = {
        "share_unshifted": 60.0,
        "share_shifted": 40.0,
        "phrase_in_it": None,
        "kl_by_share_0_10": 2.0,
        "outcome_both": 12.5,
    }
    return [
        Estimate(
            finding_id=name,
            claim=name,
            pair=pair,
            value=value,
            unit="percent",
            n=0 if value is None else 10,
            of="tokens",
            n_responses=5,
            computed=f"How {name} is computed.",
            query=f"SELECT '{EVIL}'",
            missing="Nothing is marked." if value is None else "",
            series="kl_by_share" if name.startswith("kl_by") else "",
            place="0–10%",
        )
        for name, value in made.items()
    ]


@pytest.fixture(scope="module")
def report():
    moved = [MovedToken(text=EVIL, n_shifted=3, n_marginal=1, n_unshifted=0, is_style=False)]
    return findings_report(numbers(EVIL), {EVIL: moved}, ["A note & more"])


def figures_of(report):
    (found,) = re.findall(r'id="report-figures">(.*?)</script>', report, re.S)
    return json.loads(found)


def test_every_number_is_in_a_table_with_its_explanation(report):
    for one in numbers():
        assert f"<td>{one.claim}</td>" in report
        assert one.computed in report or one.series
    assert "Nothing is marked." in report
    assert "<td>12.5</td>" in report
    assert "A note &amp; more" in report


def test_figures_have_both_themes_and_the_values_of_the_table(report):
    found = figures_of(report)
    assert all({"light", "dark", "name"} == set(one) for one in found)
    shares = next(one for one in found if "percent" in one["name"])
    assert shares["light"]["data"][0]["x"] == [60, 40]
    assert shares["light"]["layout"] != shares["dark"]["layout"]


def test_names_cannot_become_markup_and_nothing_is_loaded(report):
    assert EVIL not in report
    assert "<img" not in re.sub(r"<script>.*?</script>", "", report, flags=re.S)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', report)
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    outside = re.sub(r"<script>.*?</script>", "", report, flags=re.S)
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', outside)


def test_a_report_without_figures_needs_none():
    section = ReportSection(title="T", header=("a", "b"), rows=[("x", None), (0.123456, 3)])
    text = report_document("Title", [], [section], version="1", plotly="")
    assert "<td></td>" in text
    assert "<td>0.1235</td><td>3</td>" in text
    one = ReportFigure(name="f", alt='A "figure"', by_theme={"light": {}, "dark": {}})
    drawn = report_document("T", [], [ReportSection(title="S", figures=[one])], version="1",
                            plotly="")  # fmt: skip
    assert 'aria-label="A &quot;figure&quot;" data-figure="0"' in drawn
