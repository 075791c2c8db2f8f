"""The benchmark of batches: what its heading says, and when it fails."""

import sys

import pytest

from tests.benchmarks import bench_batch


class Measured:
    """Stands for a pair and its models."""

    def __init__(self, name):
        self.name = name


@pytest.fixture
def bench(monkeypatch):
    """Runs the benchmark on a pair with given times instead of measuring."""

    def run(built, ratio, *arguments):
        class Library:
            def pair(self, name):
                return Measured(name)

        times = {"in a batch": [(1.0, 1.0)], "one by one": [(ratio, ratio)]}
        monkeypatch.setattr(bench_batch, "load_library", Library)
        monkeypatch.setattr(bench_batch, "missing_parts", lambda _: () if built else ("tuned",))
        monkeypatch.setattr(bench_batch, "load_pair", lambda pair: pair)
        monkeypatch.setattr(bench_batch, "Request", lambda **_: None)
        monkeypatch.setattr(bench_batch, "compare", lambda *_: dict(times))
        monkeypatch.setattr(sys, "argv", ["bench_batch", *arguments])
        bench_batch.main()

    return run


def test_the_heading_says_which_pair_is_measured_and_why_it_is_not_the_real_one(bench, capsys):
    bench(True, 3.0)
    assert capsys.readouterr().out.startswith("real-sft: 16 instructions")
    bench(False, 3.0)
    assert capsys.readouterr().out.startswith("demo-sft (in place of real-sft, which")
    bench(False, 3.0, "--pair", "demo-sft")
    assert capsys.readouterr().out.startswith("demo-sft: 16 instructions")


def test_a_batch_of_the_real_pair_below_the_limit_fails(bench, capsys):
    with pytest.raises(SystemExit, match=r"less than 2\.5 x"):
        bench(True, 2.4)
    assert "2.40 x" in capsys.readouterr().out
    bench(False, 2.4)  # the limit is that of the real pair
    bench(True, 2.5)
