"""What a token counter learns from what a provider charged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.api import Meter
from harness.records import CallRecord


def calibrated(meter: Meter, calls: Sequence[CallRecord]) -> Meter:
    """The meter after a turn whose calls are known.

    The last call of the episode's own model that says its input tokens counts. Without pictures it gives
    the tokens of a character; with pictures, what the text does not explain is the pictures'. A model's own
    tokenizer stays the measure of text.
    """
    for call in reversed(calls):
        if call.model or not call.usage.input or not call.characters:
            continue
        if call.pictures:
            words = call.characters * meter.text
            return replace(meter, picture=max(0.0, call.usage.input - words) / call.pictures)
        if meter.exact is None:
            return replace(meter, text=call.usage.input / call.characters)
        return meter
    return meter
