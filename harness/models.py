"""The models of a run: their providers, prices and budget, made from the spec and opened together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from harness import plan as planning
from harness.api import Host, Provider
from harness.client import Budget, Caps, Limiter, ModelClient, Price, Rates, ResponseCache
from harness.errors import InputError, ProviderError
from harness.keys import scrub
from harness.plan import EpisodeSpec
from harness.spec import RunSpec


class Models:
    """One request path for each model that still has something to answer."""

    def __init__(
        self,
        spec: RunSpec,
        episodes: Iterable[EpisodeSpec],
        budget: Budget,
        say: Callable[[str], None],
    ) -> None:
        """Make the providers; none is opened yet.

        Raises:
            InputError: one cannot be made, or a budget in dollars could not be kept.
        """
        self._spec = spec
        self._say = say
        providers = _providers(spec, episodes)
        self._prices = {model: _price(spec, model, provider) for model, provider in providers.items()}
        _priced(budget, self._prices)
        self.clients = _clients(spec, providers, self._prices, budget, say)

    @property
    def asked(self) -> int:
        """Completions that the providers gave."""
        return sum(client.asked for client in self.clients.values())

    def price(self, model: str | None) -> str:
        """Where the price of a model is from."""
        return self._prices[model].source if model is not None else ""

    async def open(self, folder: Path | None) -> None:
        """Get the models ready, one after the other: a server takes memory while it starts.

        `folder` is where they may write log files; None: nowhere.

        Raises:
            InputError: one cannot be had.
        """
        host = Host(self._spec.concurrency, folder, self._say)
        for model, client in self.clients.items():
            try:
                await client.aopen(host)
            except ProviderError as error:
                raise InputError(f"model {model!r}: {scrub(str(error))}") from None

    async def aclose(self) -> None:
        """Close all; one that does not close must not keep the others open."""
        closing = (client.aclose() for client in self.clients.values())
        await asyncio.gather(*closing, return_exceptions=True)


def budget_of(spec: RunSpec) -> Budget:
    """What a run may use up."""
    run, episode, call = (
        Caps(caps.tokens, caps.dollars, caps.seconds)
        for caps in (spec.budget, spec.budget.episode, spec.budget.call)
    )
    return Budget(run, episode=episode, call=call)


def _providers(spec: RunSpec, episodes: Iterable[EpisodeSpec]) -> dict[str, Provider]:
    """The provider of each model that still has something to answer."""
    models = dict.fromkeys(model for episode in episodes for model in episode.entrant.models)
    options = spec.provider_options
    return {
        model: planning.make_provider(model, options.get(planning.split_model(model)[0], {}))
        for model in models
    }


def _price(spec: RunSpec, model: str, provider: Provider) -> Price:
    rates = spec.prices.get(model)
    where = getattr(provider, "prices", None)
    own = Rates(**rates.model_dump()) if rates is not None else None
    return Price(planning.split_model(model)[1], where, own)


def _priced(budget: Budget, prices: dict[str, Price]) -> None:
    """Refuse a budget in dollars that cannot be kept."""
    unknown = [model for model, price in prices.items() if not price.known]
    if budget.in_dollars and unknown:
        raise InputError(
            f"the price of {unknown[0]} is unknown, so a budget in dollars cannot be kept; "
            f"say it in the YAML file (prices: {{{unknown[0]!r}: {{input: …, output: …}}}}) or limit tokens"
        )


def _clients(
    spec: RunSpec,
    providers: dict[str, Provider],
    prices: dict[str, Price],
    budget: Budget,
    say: Callable[[str], None],
) -> dict[str, ModelClient]:
    """One request path a model. Models of one endpoint share what it allows."""
    limiters: dict[str, Limiter] = {}
    cache = ResponseCache(Path(spec.cache)) if spec.cache else None
    clients: dict[str, ModelClient] = {}
    for model, provider in providers.items():
        name, rest = planning.split_model(model)
        own = getattr(provider, "concurrency", None)
        endpoint = getattr(provider, "endpoint", None) or model
        most = min(spec.concurrency, own) if own else spec.concurrency
        clients[model] = ModelClient(
            provider,
            provider_name=name,
            model=rest,
            cache=cache,
            budget=budget,
            price=prices[model],
            limiter=limiters.setdefault(endpoint, Limiter(most)),
            on_event=say,
        )
    return clients
