"""What a completion costs: by the user's own prices, else as it says itself, else by genai-prices' list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from harness.api import FREE, Completion, Usage

_PER = 1_000_000


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars for a million tokens. What is not given for cached and written input is `input`."""

    input: float
    output: float
    cached: float | None = None
    written: float | None = None

    def cost(self, usage: Usage) -> float:
        """US dollars for so many tokens."""
        cached = self.input if self.cached is None else self.cached
        written = self.input if self.written is None else self.written
        plain = usage.input - usage.cached - usage.written
        dollars = (
            plain * self.input + usage.cached * cached + usage.written * written + usage.output * self.output
        )
        return dollars / _PER


class Price:
    """The price of one model.

    Args:
        model: its name, without the provider.
        where: the vendor's name in genai-prices, the address that is asked, or `FREE`; None for none of
            them.
        rates: the user's own, which beat the list.
    """

    def __init__(self, model: str, where: str | None = None, rates: Rates | None = None) -> None:
        self._model = model
        self._where = where
        self._rates = rates

    def cost(self, completion: Completion) -> float | None:
        """US dollars, None where the price is unknown, or how many tokens it is for."""
        usage = completion.usage
        if self._rates is None and completion.cost is not None:
            return completion.cost
        if self._where == FREE and self._rates is None:
            return 0.0
        if usage.input + usage.output == 0:
            return None
        if self._rates is not None:
            return self._rates.cost(usage)
        return None if self._where is None else _listed(self._model, self._where, usage)

    @property
    def known(self) -> bool:
        """Whether there is a price, of the user or in the list."""
        return self.cost(Completion("", usage=Usage(input=1, output=1))) is not None

    @property
    def source(self) -> str:
        """Where the price comes from, with the day on which the list was asked: lists change."""
        if self._rates is not None:
            return "given by the user"
        if self._where == FREE:
            return "nobody is paid: it runs here"
        if not self.known:
            return "unknown"
        return f"genai-prices {version('genai-prices')}, {datetime.now(UTC).date()}"


def _listed(model: str, where: str, usage: Usage) -> float | None:
    import genai_prices

    place: Any = {"provider_api_url": where} if "://" in where else {"provider_id": where}
    counted = genai_prices.Usage(
        input_tokens=usage.input,
        cache_read_tokens=usage.cached,
        cache_write_tokens=usage.written,
        output_tokens=usage.output,
    )
    try:
        found = genai_prices.calc_price(counted, model, **place)
    except (LookupError, ValueError):  # no such vendor or model, or no price for what was counted
        return None
    return float(found.total_price)
