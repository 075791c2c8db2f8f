import json
from dataclasses import replace

import pytest
from annotated import item, judgment, sheet
from hypothesis import given
from hypothesis import strategies as st

from itlim.annotation.agreement.report import agreement_report, as_json, format_figure
from itlim.errors import InputError
from itlim.records import SheetStatus

TEXT = "fourteen chars"
ITEM = item("r1", TEXT)


def report_of(sheets, items=(ITEM,), **options):
    return agreement_report(list(items), sheets, n_resamples=200, **options)


def test_the_fourteen_tokens_reach_the_panel():
    report = report_of({"r1": {"ann": sheet((5, 9)), "bob": sheet((7, 9))}})
    layer = report.any_label
    assert round(layer.alpha.value, 4) == 0.5909
    assert round(layer.token_f1.value, 4) == 0.6667
    assert layer.mean_iou.value == 0.5
    assert layer.both_empty.value == 0
    assert (layer.n_responses, layer.n_tokens, layer.n_annotators, layer.n_pairs) == (1, 14, 2, 1)
    assert format_figure(layer.alpha) == "0.591 (no interval: one response only)"
    assert report.unit == "tokens"


def test_a_missing_rater_reaches_the_panel_as_a_quarter():
    # The fixture of the design: C was assigned only the middle, here a response of its own.
    a, b, c = "110010", "100011", "011"
    rest, middle = item("rest", "xxx"), item("middle", "yyy")

    def marks(bits):
        return sheet(*[(place, place + 1) for place, bit in enumerate(bits) if bit == "1"])

    sheets = {
        "rest": {"ann": marks(a[:2] + a[5]), "bob": marks(b[:2] + b[5])},
        "middle": {"ann": marks(a[2:5]), "bob": marks(b[2:5]), "cyd": marks(c)},
    }
    layer = report_of(sheets, [rest, middle]).any_label
    assert layer.alpha.value == pytest.approx(0.25)
    assert (layer.n_responses, layer.n_tokens, layer.n_annotators, layer.n_pairs) == (2, 6, 3, 4)


def test_a_submitted_sheet_without_marks_is_all_zeros_and_an_unsubmitted_one_is_missing():
    marked, empty = sheet((5, 9)), sheet()
    report = report_of({"r1": {"ann": marked, "bob": empty}})
    # By hand: 4 tokens apart, N₁ = 4, N₀ = 24: 1 − 27 · 4 / 96.
    assert report.any_label.alpha.value == pytest.approx(1 - 108 / 96)
    for status in (SheetStatus.OPEN, SheetStatus.SKIPPED):
        report = report_of({"r1": {"ann": marked, "bob": replace(empty, status=status)}})
        assert report.any_label.n_responses == 0
        assert report.n_unsubmitted == 1
        assert format_figure(report.any_label.alpha) == (
            "undefined: no response was submitted by two annotators"
        )


def test_agreement_without_marks_is_undefined_and_the_reason_is_given():
    layer = report_of({"r1": {"ann": sheet(), "bob": sheet()}}).any_label
    for figure in (layer.alpha, layer.token_f1, layer.detection_f1, layer.mean_iou):
        assert figure.value is None
        assert format_figure(figure) == "undefined: nobody marked"
    assert layer.both_empty.value == 1


def test_each_undefined_figure_gives_its_own_reason():
    everything = report_of({"r1": {"ann": sheet((0, 14)), "bob": sheet((0, 14))}}).any_label
    assert format_figure(everything.alpha) == "undefined: everyone marked everything"
    apart = report_of({"r1": {"ann": sheet((0, 2)), "bob": sheet((8, 9))}}).any_label
    assert format_figure(apart.mean_iou) == "undefined: no two spans overlap by at least half"
    wordless = item("r1", TEXT, units=[(0, 0)])
    layer = report_of({"r1": {"ann": sheet((0, 2)), "bob": sheet()}}, [wordless]).any_label
    assert format_figure(layer.alpha) == "undefined: the responses have no tokens"
    assert format_figure(layer.token_f1) == "undefined: no mark touches a token"
    few = report_of({"r1": {"ann": sheet((0, 2)), "bob": sheet((0, 2))}}).any_label
    assert format_figure(few.alpha) == "1.000 (no interval: one response only)"


def test_each_label_has_a_layer_in_the_order_of_the_study_then_by_name():
    sheets = {
        "r1": {
            "ann": sheet((5, 9, "not_factual"), (5, 9, "not_useful"), (0, 1, "zeal")),
            "bob": sheet((7, 9, "not_factual"), (0, 1, "zeal")),
        }
    }
    report = report_of(sheets, labels=["not_useful", "not_factual", "unused"])
    assert [layer.label for layer in report.labels] == [
        "not_useful",
        "not_factual",
        "unused",
        "zeal",
    ]
    not_useful, not_factual, unused, zeal = report.labels
    assert round(not_factual.alpha.value, 4) == 0.5909
    assert not_useful.token_f1.value == 0
    assert format_figure(unused.alpha) == "undefined: nobody marked"
    assert zeal.alpha.value == 1
    # The same span under two labels is one find of the any-layer: 2 of 2 and 2 of 2 match.
    assert report.any_label.detection_f1.value == 1


def test_sheets_with_suggestions_are_excluded_from_the_blind_figures_and_counted():
    suggested = sheet((5, 9), suggestions_on=True)
    report = report_of({"r1": {"ann": sheet((5, 9)), "bob": sheet((7, 9)), "cyd": suggested}})
    assert (report.n_blind, report.n_with_suggestions) == (2, 1)
    assert report.any_label.n_annotators == 2
    assert round(report.any_label.alpha.value, 4) == 0.5909
    assert [one.annotator for one in report.annotators] == ["ann", "bob"]


def test_each_annotator_is_compared_with_the_others():
    sheets = {
        "r1": {
            "ann": sheet((5, 9), active_ms=1000),
            "bob": sheet((5, 9), active_ms=3000),
            "cyd": sheet((0, 2), (12, 14), active_ms=9000),
        },
        "r2": {"cyd": sheet(active_ms=1000)},
    }
    report = report_of(sheets, [ITEM, item("r2", TEXT)])
    ann, _, cyd = report.annotators
    assert cyd.alpha_of_others.value == 1
    # By hand: cyd with ann, and with bob: 8 tokens apart each, N₁ = 16, N₀ = 40.
    assert cyd.alpha_against_others.value == pytest.approx(1 - 55 * 16 / 640)
    assert ann.alpha_of_others.value == pytest.approx(1 - 27 * 8 / (8 * 20))
    assert (cyd.n_responses, cyd.n_spans, cyd.spans_per_response.value) == (2, 2, 1)
    assert (cyd.active_ms, cyd.median_active_ms.value) == (10000, 5000)


def test_hasty_acceptances_are_counted_below_half_a_second():
    sheets = {"r1": {"ann": sheet((5, 9))}}
    assert report_of(sheets).hasty is None
    report = report_of(sheets, accept_ms={"ann": [499, 500, 2000], "dee": [10]})
    assert (report.hasty.count, report.hasty.n) == (2, 4)
    ann, dee = report.annotators
    assert (ann.hasty.count, ann.hasty.n) == (1, 3)
    assert format_figure(dee.spans_per_response) == "undefined: no blind response was submitted"


def test_verdicts_on_the_same_edges_are_matched_regardless_of_ids():
    ann = sheet((5, 9), verdicts=[judgment("m1", "d-1", "causal")])
    bob = sheet(
        (0, 2),
        (5, 9),
        verdicts=[judgment("m2", "d-1", "causal"), judgment("m1", "d-1", "unsure")],
    )
    verdicts = report_of({"r1": {"ann": ann, "bob": bob}}).verdicts
    assert (verdicts.n_pairs, verdicts.n_judges) == (1, 2)
    assert verdicts.percent.value == 1
    assert format_figure(verdicts.alpha) == "undefined: all verdicts are the same"
    assert verdicts.ac1.value == 1


def test_a_judge_without_the_mark_is_matched_with_the_one_who_made_it():
    ann = sheet((5, 9), verdicts=[judgment("m1", "d-1", "causal")])
    # bob has the same edges under another id; cyd judges bob's span by its id.
    bob = sheet((0, 2), (5, 9), verdicts=[judgment("m2", "d-1", "causal")])
    cyd = sheet(verdicts=[judgment("m2", "d-1", "unsure")])
    verdicts = report_of({"r1": {"ann": ann, "bob": bob, "cyd": cyd}}).verdicts
    assert (verdicts.n_pairs, verdicts.n_judges) == (1, 3)
    assert verdicts.percent.value == pytest.approx(1 / 3)


def test_verdict_figures_equal_values_worked_by_hand():
    given = {"ann": ["causal", "causal", "unsure"], "bob": ["causal", "coincidental", "unsure"]}
    sheets = {
        name: sheet(
            verdicts=[judgment("s", f"d-{n}", verdict) for n, verdict in enumerate(verdicts)]
        )
        for name, verdicts in given.items()
    }
    verdicts = report_of({"r1": sheets}).verdicts
    assert verdicts.n_pairs == 3
    assert verdicts.percent.value == pytest.approx(2 / 3)
    # Observed disagreement 2/6; expected (36 − 9 − 4 − 1) / 30.
    assert verdicts.alpha.value == pytest.approx(1 - (2 / 6) / (22 / 30))
    # Shares 3/6, 1/6, 2/6 of four: p_e = (9 + 5 + 8) / 36 / 3.
    assert verdicts.ac1.value == pytest.approx((2 / 3 - 22 / 108) / (1 - 22 / 108))


def test_contradictory_verdicts_of_one_judge_are_excluded_and_counted():
    both = [judgment("m1", "d-1", "causal"), judgment("m2", "d-1", "coincidental")]
    ann = sheet((5, 9, "not_factual"), (5, 9, "not_useful"), verdicts=both)
    bob = sheet((5, 9), verdicts=both[:1])
    verdicts = report_of({"r1": {"ann": ann, "bob": bob}}).verdicts
    assert (verdicts.n_pairs, verdicts.n_contradicted) == (0, 1)
    assert format_figure(verdicts.percent) == (
        "undefined: no pair of span and instance was judged by two people"
    )


def test_decoys_are_counted_separately_and_not_in_agreement():
    ann = sheet(verdicts=[judgment("s", f"d-{n}", "causal", "decoy") for n in range(1)])
    bob = sheet(verdicts=[judgment("s", f"d-{n}", "coincidental", "decoy") for n in range(9)])
    report = report_of({"r1": {"ann": ann, "bob": bob}})
    assert format_figure(report.decoys_causal) == "1 of 10 (10%, 95% interval 2% to 40%)"
    assert report.verdicts.n_pairs == 0
    assert format_figure(report_of({"r1": {"ann": sheet()}}).decoys_causal) == "undefined: 0 of 0"


def test_the_report_is_json_with_null_where_undefined():
    sheets = {"r1": {"ann": sheet((5, 9)), "bob": sheet()}}
    document = as_json(report_of(sheets, labels=["unused"], accept_ms={"ann": [1]}))
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["labels"][0]["alpha"] == {
        "value": None,
        "undefined": "nobody marked",
        "interval": None,
        "no_interval": "",
    }
    assert document["hasty"]["count"] == 1
    assert document["decoys_causal"]["value"] is None


def test_sheets_of_unknown_items_are_rejected():
    with pytest.raises(InputError, match="r2"):
        report_of({"r2": {"ann": sheet()}})


def test_an_empty_study_has_a_report_without_numbers():
    report = report_of({}, [])
    assert report.annotators == ()
    assert report.any_label.alpha.value is None
    assert report.n_blind == 0


span = st.tuples(st.integers(0, 10), st.integers(1, 4)).map(lambda one: (one[0], one[0] + one[1]))
someones = st.builds(lambda spans: sheet(*spans), st.lists(span, max_size=3, unique=True))
names = st.dictionaries(st.sampled_from(["ann", "bob", "cyd"]), someones, max_size=3)


@given(st.lists(names, max_size=4))
def test_figures_stay_in_bounds_and_do_not_depend_on_names(rated):
    items = [item(f"r{place}", TEXT) for place in range(len(rated))]
    sheets = {f"r{place}": of for place, of in enumerate(rated)}
    renamed = {"ann": "zoe", "bob": "yan", "cyd": "xia"}
    swapped = {
        item_id: {renamed[name]: one for name, one in of.items()} for item_id, of in sheets.items()
    }
    layer, other = report_of(sheets, items).any_label, report_of(swapped, items).any_label
    for name in ("alpha", "token_f1", "detection_f1", "mean_iou", "both_empty"):
        one, two = getattr(layer, name), getattr(other, name)
        assert one.value == (None if two.value is None else pytest.approx(two.value))
        assert (one.value is None) == bool(one.undefined)
        if one.value is not None:
            assert (-1 if name == "alpha" else 0) <= one.value <= 1
