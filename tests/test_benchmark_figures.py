"""From samples to a page: ratios, targets, the gate, tables and charts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import __main__ as command
from benchmarks import gate
from benchmarks.areas import AREAS, CPU_US, Area, Case, Entry
from benchmarks.chart import WIDTH, Bar, Group, drawn
from benchmarks.page import chart, page
from benchmarks.results import CaseResult, Results, load
from benchmarks.stats import Summary, ratio, rounded, summary
from benchmarks.targets import Proof, Target, Verdict, judge, proofs
from benchmarks.targets import load as load_targets


def test_a_summary_is_the_median_and_the_ends() -> None:
    """One odd round moves the ends and not the figure."""
    assert Summary(2.0, 1.0, 90.0) == summary([1.0, 90.0, 2.0])


def test_ratios_are_taken_round_by_round() -> None:
    """A machine that slows down for a round slows both, and the ratio stays."""
    assert Summary(0.5, 0.5, 0.5) == ratio([1.0, 5.0, 2.0], [2.0, 10.0, 4.0])


def test_figures_are_rounded_to_what_is_no_noise() -> None:
    """Four digits are kept, at any size."""
    assert [1234.0, 0.001235, 98770.0] == [rounded(value) for value in (1234.0, 0.00123456, 98765.4)]


def _results(**areas: dict[str, CaseResult]) -> Results:
    machine = {"cores": "2", "processor": "a processor", "system": "a system", "python": "a Python", "files": "here"}
    return Results("full", 3, machine, {"ours": "0.1.0"}, {"openai-3": "not installed"}, areas)


def _case(metric: str, **samples: list[float]) -> CaseResult:
    return CaseResult({name.replace("_", "-"): {metric: values} for name, values in samples.items()})


def test_results_are_the_same_after_a_trip_to_the_disk(tmp_path: Path) -> None:
    """What `save` writes `load` reads."""
    results = _results(calls={"create_batch": _case("cpu_us", ours=[1.0, 2.5], together_1=[3.0, 4.0])})
    results.areas["calls"]["create_batch"].leave_out("curl", "no curl on PATH")
    results.save(tmp_path / "results.json")
    assert results == load(tmp_path / "results.json")


def test_who_is_left_out_has_no_figures() -> None:
    """A contender that fails in a later round takes its earlier rounds with it."""
    result = CaseResult()
    result.add("curl", {"seconds": 1.0})
    result.leave_out("curl", "failed")
    assert ([], {"curl": "failed"}) == (result.values("curl", "seconds"), result.left_out)


TARGET = Target("list", "10,000 jobs", "seconds", of="together-1")


@pytest.mark.parametrize(
    ("bound", "ours", "theirs", "measured", "met"),
    [
        ({"at_most": 0.7}, [1.0, 2.0, 3.0], [2.0, 4.0, 6.0], 0.5, True),
        ({"at_most": 0.4}, [1.0, 2.0, 3.0], [2.0, 4.0, 6.0], 0.5, False),
        ({"at_least": 4.0}, [8.0], [2.0], 4.0, True),
        ({"at_least": 4.1}, [8.0], [2.0], 4.0, False),
        ({"plus": 8.0}, [30.0], [23.0], 7.0, True),
        ({"plus": 6.0}, [30.0], [23.0], 7.0, False),
        ({"at_most": 25.0, "of": ""}, [24.0], [], 24.0, True),
        ({"at_most": 25.0, "of": ""}, [26.0], [], 26.0, False),
        ({"at_most": 0.7}, [1.0], [], None, None),
        ({"at_most": 0.7}, [], [1.0], None, None),
    ],
)
def test_a_target_is_judged(
    bound: dict[str, Any], ours: list[float], theirs: list[float], measured: float | None, met: bool | None
) -> None:
    """Ratio, difference and plain figure are held to their bound; what was not measured is neither met nor missed."""
    target = Target(**{**TARGET.__dict__, **bound})
    results = _results(list={"10,000 jobs": _case("seconds", ours=ours, together_1=theirs)})
    (verdict,) = judge([target], results)
    assert (measured, met) == (verdict.measured, verdict.met)
    assert {True: "met", False: "missed", None: "not measured"}[met] == verdict.word


def test_a_target_says_its_bound() -> None:
    """The bound and what was measured are told in the same words."""
    said = [
        (target.limit("MB"), target.reached("MB", 7.0))
        for target in (
            Target("a", "b", "c", at_most=0.7, of="x"),
            Target("a", "b", "c", at_least=4.0, of="x", of_case="y"),
            Target("a", "b", "c", plus=8.0, of="x"),
            Target("a", "b", "c", at_most=25.0),
        )
    ]
    times = "\N{MULTIPLICATION SIGN}"
    assert [
        (f"≤ 0.7 {times} x", f"7 {times}"),
        (f"≥ 4 {times} x, y", f"7 {times}"),
        ("≤ x + 8 MB", "+7 MB"),
        ("≤ 25 MB", "7 MB"),
    ] == said


def test_targets_name_what_is_measured() -> None:
    """Each target has one bound, and names an area, a case, a figure and contenders that there are; no two are one."""
    targets = load_targets()
    areas = {area.name: area for area in AREAS}
    for target in targets:
        area = areas[target.area]
        cases = {case.name: {entry.name for entry in case.entries} for case in area.cases}
        assert target.metric in {metric.key for metric in area.metrics}, target
        assert target.ours in cases[target.case], target
        assert not target.of or target.of in cases[target.of_case or target.case], target
        assert 1 == sum(bound is not None for bound in (target.at_most, target.at_least, target.plus)), target
    assert len(targets) == len({target.key for target in targets})
    assert set(areas) == {target.area for target in targets}


def test_the_proof_compares_a_raw_socket_with_the_fastest() -> None:
    """For calls the clients count, for bytes all; where the server waits on purpose there is nothing to prove."""
    results = _results(
        calls={"get_batch": _case("per_second", ours=[10.0], httpx=[9.0], http_client=[50.0], socket=[31.0])},
        upload={"plain": _case("mb_per_second", ours=[10.0], curl=[40.0], socket=[39.0])},
    )
    results.areas["async"] = {"answers after 20 ms": _case("per_second", ours=[1.0], socket=[2.0])}
    told = proofs(results, ["ours", "httpx"])
    assert [("get_batch", "ours", True), ("plain", "curl", False)] == [(one.case, one.who, one.holds) for one in told]


@pytest.mark.parametrize(
    ("bound", "before", "now", "worse"),
    [
        ({"at_most": 0.7, "of": "x"}, 0.5, 0.62, False),
        ({"at_most": 0.7, "of": "x"}, 0.5, 0.63, True),
        ({"at_most": 0.7, "of": "x"}, 0.5, 0.1, False),
        ({"plus": 8.0, "of": "x", "metric": "peak_mb"}, 5.0, 6.9, False),
        ({"plus": 8.0, "of": "x", "metric": "peak_mb"}, 5.0, 7.1, True),
        ({"at_most": 8.0, "metric": "above_mb"}, 2.0, 3.9, False),
        ({"at_most": 0.1, "of": "x", "metric": "above_mb"}, 0.08, 0.11, True),
    ],
)
def test_the_gate_notices_what_got_worse(
    tmp_path: Path, bound: dict[str, Any], before: float, now: float, worse: bool
) -> None:
    """Worse than recorded by more than the tolerance, and by more than memory differs anyway."""
    target = Target(**{"area": "a", "case": "b", "metric": "cpu_seconds", **bound})
    gate.record([Verdict(target, before)], tmp_path / "gate.json")
    assert worse == bool(gate.worse([Verdict(target, now)], tmp_path / "gate.json"))


def test_the_gate_judges_only_what_it_can(tmp_path: Path) -> None:
    """What was not recorded, or is not measured now, is no failure."""
    known, new = Target("a", "b", "c", at_most=1.0), Target("d", "e", "f", at_most=1.0)
    gate.record([Verdict(known, 0.5), Verdict(new, None)], tmp_path / "gate.json")
    assert [known.key] == [*json.loads((tmp_path / "gate.json").read_text())["ratios"]]
    assert [] == gate.worse([Verdict(known, None), Verdict(new, 9.0)], tmp_path / "gate.json")


def test_the_gate_watches_cpu_time() -> None:
    """Where a target is a time or a rate the gate looks at the CPU time behind it, of which less is better."""
    case = CaseResult(
        {
            "ours": {"mb_per_second": [900.0], "cpu_seconds": [2.0], "peak_mb": [30.0]},
            "httpx": {"mb_per_second": [100.0], "cpu_seconds": [1.0], "peak_mb": [20.0]},
        }
    )
    targets = [
        Target("upload", "plain", "mb_per_second", at_least=0.75, of="httpx"),
        Target("upload", "plain", "peak_mb", plus=8.0, of="httpx"),
    ]
    assert [2.0, 10.0] == [verdict.measured for verdict in gate.watched(targets, _results(upload={"plain": case}))]


def test_the_recorded_ratios_are_those_of_targets() -> None:
    """Every ratio that is recorded belongs to a target of today: a renamed one would never be compared again."""
    recorded = json.loads(gate.FILE.read_text())["ratios"]
    watched = gate.watched(load_targets(), load(command.RESULTS))
    assert set() == set(recorded) - {verdict.target.key for verdict in watched}
    assert recorded != {}


def test_the_page_is_what_its_figures_give() -> None:
    """docs/performance.md and its charts are those of the figures beside them; `scripts/bench --render` mends it."""
    results = load(command.RESULTS)
    verdicts = judge(load_targets(), results)
    assert page(results, AREAS, verdicts, proofs(results, command.CALLERS)) == command.PAGE.read_text()
    for area in AREAS:
        assert chart(area, results.areas[area.name]) == (command.CHARTS / f"{area.name}.svg").read_text()


def test_the_page_tells_what_was_left_out_and_what_was_missed() -> None:
    """Left out is told with its reason, a missed target in bold and with its note."""
    case = Case("get_batch", "get", (Entry("ours"), Entry("httpx"), Entry("curl")))
    area = Area("calls", "Calls", ("Calls are made.",), (CPU_US,), (case,))
    found = _case("cpu_us", ours=[300.0, 310.0], httpx=[200.0, 155.0])
    found.leave_out("curl", "no curl on PATH")
    target = Target("calls", "get_batch", "cpu_us", at_most=1.0, of="httpx", note="The parser takes half of it.\n")
    results = _results(calls={"get_batch": found})
    told = page(results, [area], judge([target], results), [Proof("calls", "get_batch", "1/s", 9.0, 1.0, "ours", 3.0)])
    assert "Left out: openai-3, not installed." in told
    assert "Left out: curl, no curl on PATH." in told
    assert "1.75 \N{MULTIPLICATION SIGN}, missed.\n  The parser takes half of it.\n" in told
    assert "**missed**" in told
    assert "| **ours** " in told
    assert "1.75 \N{MULTIPLICATION SIGN} (1.50 to 2.00)" in told


def test_a_chart_is_well_formed_and_in_proportion() -> None:
    """The SVG parses, has a bar for each contender on one scale, escapes names, and stays within its width."""
    bars = [Bar("ours", "ours", Summary(50.0, 40.0, 60.0)), Bar("<a> & b", "peer", Summary(100.0, 90.0, 200.0))]
    tree = ElementTree.fromstring(drawn("A title", "time, s", [Group("one", bars)]))
    spaces = {"svg": "http://www.w3.org/2000/svg"}
    widths = [
        float(bar.attrib["width"]) for bar in tree.findall("svg:rect", spaces) if bar.attrib.get("height") == "14"
    ]
    assert 2 * widths[0] == pytest.approx(widths[1], abs=0.2)
    assert "<a> & b" in {text.text for text in tree.findall("svg:text", spaces)}
    assert all(float(text.attrib["x"]) < WIDTH for text in tree.findall("svg:text", spaces))
    assert "prefers-color-scheme: dark" in ElementTree.tostring(tree, encoding="unicode")
