"""Ours against rliable's own numbers: recorded ones always, fresh ones where there is rliable.

Points have to be the same. Intervals have the chance of the resampling in them: of R resamples, the share
below the true p-quantile scatters by √(p(1−p)/R). So an end of rliable's (R′ resamples) has to lie between
two quantiles of our resamples, those at p ± z·√(p(1−p)(1/R + 1/R′)). This holds whatever the distribution
looks like, steps and all. With z = 4.5, one in 150,000 comparisons fails by chance.
"""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import scorers
from scorers.tables import read_table

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
RECORDED = json.loads((HERE / "fixtures.json").read_text())
PYTHON = os.environ.get("LUDOMETER_RLIABLE_PYTHON")
OURS = 20_000
TAIL, Z = 0.025, 4.5


def cases(fixtures):
    """Every matrix: its name, scores as we read them, and what rliable says."""
    for case in fixtures["matrices"]:
        yield case["name"], np.array(case["scores"]), case
    for case in fixtures["published"]:
        yield (
            case["name"],
            read_table(ROOT / f"results/published/atari100k_{case['name']}.csv", "atari")[""],
            case,
        )


def levels(theirs):
    spread = Z * np.sqrt(TAIL * (1 - TAIL) * (1 / OURS + 1 / theirs))
    return TAIL - spread, TAIL + spread


def assert_within(found, wide, narrow):
    """`found`, `wide` and `narrow` have the ends: (low, high)."""
    for name, low, high in (("low", wide[0], narrow[0]), ("high", narrow[1], wide[1])):
        end = np.asarray(found[0 if name == "low" else 1])
        assert (end >= np.asarray(low) - 1e-9).all(), (name, end, low, high)
        assert (end <= np.asarray(high) + 1e-9).all(), (name, end, low, high)


def bands(function, theirs):
    """Our wide and narrow ends: `function` makes a table for a confidence."""
    tables = [function(1 - 2 * level) for level in levels(theirs)]
    return [(table["low"].to_numpy(), table["high"].to_numpy()) for table in tables]


def check_aggregates(scores, case, theirs):
    def ours(confidence):
        return scorers.aggregates(scores, resamples=OURS, method="rliable", confidence=confidence)

    expected = [case["aggregates"][metric] for metric in scorers.METRICS]
    points = ours(0.95)["estimate"].to_numpy()
    assert points == pytest.approx([each["estimate"] for each in expected], abs=1e-12)
    ends = [[each[end] for each in expected] for end in ("low", "high")]
    assert_within(ends, *bands(ours, theirs))


def check_profiles(scores, case, theirs):
    for kind in ("runs", "average"):

        def ours(confidence, kind=kind):
            return scorers.profile(
                scores,
                case["profiles"]["thresholds"],
                kind=kind,
                resamples=OURS,
                method="rliable",
                confidence=confidence,
            )

        expected = case["profiles"][kind]
        assert ours(0.95)["estimate"].to_numpy() == pytest.approx(expected["estimate"], abs=1e-12)
        assert_within((expected["low"], expected["high"]), *bands(ours, theirs))


def check_improvement(case, theirs):
    estimate, draws = scorers.probability_of_improvement(
        np.array(case["x"]), np.array(case["y"]), resamples=OURS
    )
    assert estimate == pytest.approx(case["estimate"], abs=1e-12)
    wide, narrow = (np.quantile(draws, [level, 1 - level]) for level in levels(theirs))
    assert_within((case["low"], case["high"]), wide, narrow)


def check(fixtures):
    theirs = fixtures["resamples"]
    for _, scores, case in cases(fixtures):
        check_aggregates(scores, case, theirs["aggregates"])
        check_profiles(scores, case, theirs["profiles"])
    for case in fixtures["improvement"]:
        check_improvement(case, theirs["improvement"])


@pytest.mark.parametrize("name", [name for name, _, _ in cases(RECORDED)])
def test_aggregates_and_profiles_are_rliables(name):
    scores, case = next((scores, case) for found, scores, case in cases(RECORDED) if found == name)
    check_aggregates(scores, case, RECORDED["resamples"]["aggregates"])
    check_profiles(scores, case, RECORDED["resamples"]["profiles"])


@pytest.mark.parametrize("case", RECORDED["improvement"], ids=lambda case: case["name"])
def test_the_probability_of_improvement_is_rliables(case):
    check_improvement(case, RECORDED["resamples"]["improvement"])


@pytest.mark.parametrize("wrong", ["corrected", "runs kept together"])
def test_the_tolerance_tells_another_bootstrap(wrong):
    """Else the comparison above would say nothing."""
    case = next(case for case in RECORDED["matrices"] if case["name"] == "3x5")
    scores = np.array(case["scores"])
    expected = case["aggregates"]["mean"]
    if wrong == "corrected":
        tables = [scorers.aggregates(scores, confidence=1 - 2 * p) for p in levels(5_000)]
        wide, narrow = ((table["low"][0], table["high"][0]) for table in tables)
    else:
        index = np.random.default_rng(0).integers(0, 3, (OURS, 3))
        draws = scores.mean(axis=1)[index].mean(axis=1)
        wide, narrow = (np.quantile(draws, [level, 1 - level]) for level in levels(5_000))
    with pytest.raises(AssertionError):
        assert_within((expected["low"], expected["high"]), wide, narrow)


# Mean, median, IQM and optimality gap of the published runs, to the three digits that the papers print.
KNOWN = {
    "iris": (1.046, 0.289, 0.501, 0.512),
    "simple": (0.332, 0.134, 0.130, 0.729),
    "diamond": (1.459, 0.373, 0.641, 0.480),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_papers_numbers_of_atari_100k(name):
    scores = read_table(ROOT / f"results/published/atari100k_{name}.csv", "atari")[""]
    assert scorers.aggregates(scores, resamples=10)["estimate"].round(3).tolist() == list(KNOWN[name])


@pytest.mark.rliable
@pytest.mark.timeout(900)
@pytest.mark.skipif(not PYTHON, reason="LUDOMETER_RLIABLE_PYTHON is not set: run make test-rliable")
def test_rliable_says_today_what_was_recorded(tmp_path):
    """With another seed than the recorded: its points are the same, its intervals new ones."""
    out = tmp_path / "fixtures.json"
    script = HERE / "make_fixtures.py"
    subprocess.run([PYTHON, script, "--seed", "1", "--out", out], check=True, timeout=850)
    fresh = json.loads(out.read_text())
    assert points(fresh) == pytest.approx(points(RECORDED), rel=1e-14, abs=1e-15)  # sums differ by CPU
    assert fresh != RECORDED
    check(fresh)


def points(value):
    """Every number but the ends of intervals, in order."""
    if isinstance(value, dict):
        return [
            number
            for key, each in value.items()
            if key not in ("low", "high", "seed")
            for number in points(each)
        ]
    if isinstance(value, list):
        return [number for each in value for number in points(each)]
    return [] if isinstance(value, str) else [value]
