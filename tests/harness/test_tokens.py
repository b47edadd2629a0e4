"""What is known of the tokens of a text, and that it grows with what providers charge."""

import pytest

from harness.api import Meter
from harness.records import CallRecord, RequestRecord, UsageRecord
from harness.tokens import calibrated


def call(characters, tokens, pictures=0, model=""):
    usage = UsageRecord(input=tokens)
    return CallRecord(
        request=RequestRecord(), characters=characters, pictures=pictures, text="", usage=usage, model=model
    )


def test_an_estimate_stands_until_something_is_charged():
    assert Meter().count("x" * 300) == 104
    assert calibrated(Meter(), []) == Meter()
    assert calibrated(Meter(), [call(0, 0), call(100, 0)]) == Meter()


def test_text_costs_what_the_last_request_cost_a_character():
    assert calibrated(Meter(), [call(100, 80), call(1000, 250)]).text == 0.25


def test_a_picture_costs_what_the_text_does_not_explain():
    meter = calibrated(Meter(text=0.25), [call(400, 900, pictures=2)])
    assert (meter.text, meter.picture) == (0.25, 400.0)
    assert meter.count("x" * 40, pictures=1) == 4 + 10 + 400
    assert calibrated(Meter(text=0.25), [call(4000, 900, pictures=2)]).picture == 0.0


def test_a_tokenizer_is_not_corrected_and_other_models_do_not_count():
    exact = Meter(exact=len)
    assert calibrated(exact, [call(100, 80)]) is exact
    assert calibrated(Meter(), [call(100, 80, model="other:m")]) == Meter()


@pytest.mark.parametrize("agent", ["direct", "direct(history=diff)", "cot(history=summary)"])
def test_requests_of_a_run_hold_what_the_meter_learns_from(tmp_path, agent):
    from harness.cli import main
    from harness.records import read_run

    with pytest.raises(SystemExit):
        main([
            "run", "--task", "babyai/goto", "--agent", agent, "--model", "scripted:turn left",
            "--episodes", "1", "--steps", "3", "--no-report", "--out", str(tmp_path / "run"),
        ])  # fmt: skip
    for _, asked, messages in read_run(tmp_path / "run")[0].requests():
        assert asked.characters == sum(len(part["text"]) for m in messages for part in m.parts)
        assert asked.pictures == 0 and asked.usage.input > 0
