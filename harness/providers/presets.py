"""Services and servers that speak OpenAI's protocol: each a row of data.

The entry point ``<name> = "harness.providers.presets:<name>"`` gives the row of that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.providers._openai_chat import Constraint
from harness.providers.openai import OpenAIProvider


@dataclass(frozen=True)
class Preset:
    """A provider made of a base URL: a plugin of this kind is one line.

    `prices` is where the price list looks (see `harness.api.Provider`). `body` are further fields of
    every request. Options of `OpenAIProvider` may be given over those of the row.
    """

    base_url: str
    needs_key: str | None
    about: str
    constraint: Constraint = "json_schema"
    prices: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    extra: str = "openai"
    images: bool = True

    def __call__(self, model: str = "", **options: Any) -> OpenAIProvider:
        """The provider of one model."""
        row = {
            "base_url": self.base_url,
            "key_env": self.needs_key,
            "constraint": self.constraint,
            "body": self.body,
            # Another address is another seller: what it asks is not in the row.
            "prices": None if "base_url" in options else self.prices,
        }
        return OpenAIProvider(model, **{**row, **options})


PRESETS: dict[str, Preset] = {
    "openrouter": Preset(
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        "Models of many vendors through OpenRouter.",
        # Without it a request may go to a host that ignores the schema.
        body={"provider": {"require_parameters": True}, "usage": {"include": True}},
        prices="openrouter",
    ),
    "together": Preset(
        "https://api.together.xyz/v1", "TOGETHER_API_KEY", "Open models at Together AI.", prices="together"
    ),
    "deepseek": Preset(
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
        "DeepSeek's models.",
        constraint="tool",  # it has JSON without a schema, and tools with one
        prices="deepseek",
        images=False,
    ),
    "xai": Preset("https://api.x.ai/v1", "XAI_API_KEY", "xAI's Grok models.", prices="x-ai"),
    "mistral": Preset("https://api.mistral.ai/v1", "MISTRAL_API_KEY", "Mistral's models.", prices="mistral"),
    "ollama": Preset("http://localhost:11434/v1", None, "Models that Ollama serves here.", prices="free"),
    "llamacpp": Preset(
        "http://localhost:8080/v1",
        None,
        "The model that llama.cpp's server serves here.",
        constraint="grammar",
        prices="free",
    ),
}


def __getattr__(name: str) -> Preset:
    """The row of a name, for entry points."""
    try:
        return PRESETS[name]
    except KeyError:
        raise AttributeError(f"there is no preset {name!r}") from None
