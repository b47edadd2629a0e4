"""The contracts of providers, agents, histories and scorers, and the values that pass between them.

A plugin imports from here (and from `games.api` for games) and from nowhere else in the harness.
All values are immutable; an agent that needs to remember puts it into `Decision.memo`, which is
recorded and handed back in `Turn.past`. So an agent is a function of its turn, and an interrupted
episode goes on from its records alone.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from games.api import Action, Observation, Section, Stability
from harness.errors import (
    BudgetExhausted,
    FatalError,
    InputError,
    LudometerError,
    MissingKey,
    ProviderError,
    ProviderTimeout,
    RateLimited,
    TransientError,
)

if TYPE_CHECKING:
    import pandas as pd

    from harness.records import Episode

__all__ = [
    "FREE",
    "Action",
    "Agent",
    "AgentContext",
    "BudgetExhausted",
    "Completion",
    "Decision",
    "FatalError",
    "History",
    "Host",
    "Image",
    "InputError",
    "LudometerError",
    "Memory",
    "Message",
    "Meter",
    "MissingKey",
    "Observation",
    "Outcome",
    "Part",
    "PastTurn",
    "Provider",
    "ProviderError",
    "ProviderTimeout",
    "RateLimited",
    "Request",
    "Sampling",
    "Scorer",
    "Section",
    "Stability",
    "Text",
    "TransientError",
    "Trial",
    "Turn",
    "Usage",
]

# ---------------------------------------------------------------------------------------- messages


@dataclass(frozen=True, slots=True)
class Text:
    """A text part of a message."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture part of a message: the bytes of one PNG file."""

    png: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """The hash that stands for the picture in the records."""
        return hashlib.sha256(self.png).hexdigest()


Part = Text | Image


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The text parts, one after the other."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @classmethod
    def of(cls, role: Literal["system", "user", "assistant"], text: str) -> Message:
        """A message of one text part."""
        return cls(role, (Text(text),))


@dataclass(frozen=True, slots=True)
class Meter:
    """Counts tokens, as well as that can be known.

    `exact` is the model's own tokenizer, where it is at hand. Without one, a text costs `text` tokens
    a character and a picture `picture` tokens. They begin as estimates (English is about 4 characters
    a token, maps and lists of numbers 2 to 3) and follow what the provider charged
    (`harness.tokens.calibrated`). With a tokenizer, pictures are still counted by `picture`.
    """

    text: float = 1 / 3
    picture: float = 1000.0
    exact: Callable[[str], int] | None = field(default=None, compare=False, repr=False)

    def count(self, text: str, pictures: int = 0) -> int:
        """The tokens of a message, its frame in the chat template included."""
        tokens = self.exact(text) if self.exact is not None else len(text) * self.text
        return _FRAME + math.ceil(tokens + pictures * self.picture)


_FRAME = 4
"""Tokens that a chat template puts around a message (3 to 5 with ChatML and its kin)."""


# --------------------------------------------------------------------------------------- providers

FREE = "free"
"""The price of what nobody is paid for."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a completion is drawn. None leaves the choice to the provider."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    reasoning_effort: str | None = None


def values(flat: Sampling | Usage) -> dict[str, Any]:
    """The fields of a flat value by name; `dataclasses.asdict` would copy each of them, every turn."""
    return {name: getattr(flat, name) for name in flat.__slots__}


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    `choices`, where set, are the only answers allowed: a provider uses the strictest means its
    engine has, or none; the caller parses the text either way. `stable` counts the leading messages
    that later requests of the episode will repeat unchanged: the place for a cache break-point.
    `episode`, `turn` and `call` identify the request in records and in cache keys.
    """

    messages: tuple[Message, ...]
    choices: tuple[str, ...] | None = None
    sampling: Sampling = Sampling()
    stable: int = 0
    episode: str = ""
    turn: int = 0
    call: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counts them.

    `cached` (read from a prompt cache) and `written` (stored in one, where that costs extra) are
    parts of `input`; `reasoning` is a part of `output`.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    written: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cached + other.cached,
            self.reasoning + other.reasoning,
            self.written + other.written,
        )


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer. `finish` is ``stop``, ``length`` or ``refusal``.

    `latency` and `first_token` are seconds from the request to the whole answer and to its first
    token (None where the answer was not streamed). `cost` is in US dollars; None leaves it to the
    price list, and where that has no price either, it is unknown. `details` holds JSON values that
    belong in the records (the scores of constrained answers, a response id).
    """

    text: str
    reasoning: str = ""
    finish: Literal["stop", "length", "refusal"] = "stop"
    usage: Usage = Usage()
    latency: float = 0.0
    first_token: float | None = None
    cost: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Host:
    """What a run gives a provider to work with.

    `concurrency` is how many requests may be under way at once (the size for a connection pool).
    `folder` is where log files may be written, None where nothing may be. `say` tells the user a line.
    """

    concurrency: int = 16
    folder: Path | None = None
    say: Callable[[str], None] = lambda _: None


@runtime_checkable
class Provider(Protocol):
    """Reaches models. The entry point names a factory ``(model: str, **options) -> Provider``.

    A class that subclasses `Provider` is such a factory as it stands. `model` is what follows the
    colon in ``provider:model``. Import SDKs inside the factory or the method, not at module level.

    Attributes a class may set: `needs_key` (the name of an environment variable, read with
    `harness.keys.read_key`, which keeps it out of the records), `extra` (the ``ludometer[extra]``
    that installs its SDK), `images` (False where no picture can be sent), `concurrency` (how many
    requests it can serve at once; None for no limit of its own), `endpoint` (what shares a rate limit:
    two models with the same one are slowed down together), `prices` (where the price list looks: the
    vendor's name in genai-prices or the address that is asked; `FREE` for what runs on the user's own
    machine; None for a price that is unknown unless the completion or the user says it).
    """

    model: str
    options: dict[str, Any]
    needs_key: str | None = None
    extra: str | None = None
    images: bool = True
    concurrency: int | None = None
    endpoint: str | None = None
    prices: str | None = None

    def __init__(self, model: str = "", **options: Any) -> None:
        self.model = model
        self.options = options

    async def aopen(self, host: Host) -> None:
        """Get ready: connect, load weights, start a server. Called once, before the first request.

        Raises:
            InputError: what is asked for cannot be had here (a package or a model file is missing).
            FatalError: the engine did not start.
        """
        return None

    async def complete(self, request: Request) -> Completion:
        """Answer one request. Many are made at the same time.

        Raises:
            TransientError, RateLimited, ProviderTimeout: asking again may work.
            FatalError: it cannot.
        """
        ...

    def count(self, text: str) -> int | None:
        """The tokens of a text by the model's own tokenizer; None where it is not at hand."""
        return None

    async def aclose(self) -> None:
        """Release connections and processes. Called once, also after errors."""
        return None


# ------------------------------------------------------------------------------------------ agents


class Outcome(StrEnum):
    """How a turn ended."""

    OK = "ok"  # the answer was an action to the letter
    REPAIRED = "repaired"  # an action after tolerant parsing
    PARSE_ERROR = "parse_error"  # no action could be read
    INVALID_ACTION = "invalid_action"  # an action was read, the game does not have it
    EMPTY = "empty"  # the model said nothing
    TRUNCATED = "truncated"  # cut at the token limit before an action was named
    REFUSAL = "refusal"  # the model declined
    LATE = "late"  # it came after the deadline, or after the end: the task's fallback was done in its place
    API_ERROR = "api_error"  # infrastructure: never a move
    TIMEOUT = "timeout"  # infrastructure: never a move

    @property
    def acts(self) -> bool:
        """Whether the answer steps the environment."""
        return self in (Outcome.OK, Outcome.REPAIRED)

    @property
    def infrastructure(self) -> bool:
        """Whether the failure is not the model's."""
        return self in (Outcome.API_ERROR, Outcome.TIMEOUT)


@dataclass(frozen=True, slots=True)
class Decision:
    """What an agent made of a turn.

    `actions` are names (or texts) for the environment, executed in order until the episode ends, the
    game refuses one, or `stop` gives a reason to stop: it is asked after each action with the observation
    before it, the one after it and the reward. What was executed is then in `actions`, what had been
    planned in `planned`, and the reason in `cut`. `text` is the answer as the model wrote it, as
    histories show it. `memo` is the agent's own note to its later turns (JSON values), recorded and given
    back in `Turn.past`.
    """

    actions: tuple[str, ...]
    outcome: Outcome = Outcome.OK
    text: str = ""
    repair: str = ""  # what was mended in the answer, or why the game refused the action
    memo: Mapping[str, Any] = field(default_factory=dict)
    planned: tuple[str, ...] = ()
    cut: str = ""
    stop: Callable[[Observation, Observation, float], str] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A turn that is over: what was seen, what was decided, what came of it."""

    observation: Observation
    decision: Decision
    reward: float = 0.0
    notice: str = ""  # what the harness told the model at the start of that turn
    meter: Meter = Meter()  # as it was known at that turn


@dataclass(frozen=True, slots=True)
class Turn:
    """One decision to make.

    `notice` says why the last answer did nothing, or not all that it asked for. `memo` is what the agent
    has noted in this turn so far (it goes into `Decision.memo`), so that a history can see it.
    """

    index: int
    observation: Observation
    past: Sequence[PastTurn]
    notice: str = ""
    meter: Meter = Meter()
    memo: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Memory:
    """What an agent took along from a trial: its own JSON values, and what they were learned from."""

    task: str
    index: int
    content: Mapping[str, Any]
    progress: float
    episode_return: float


@dataclass(frozen=True, slots=True)
class Trial:
    """An episode that is over, for an agent that learns from it.

    `ending` is ``terminated`` or the name of the limit that was reached.
    """

    past: Sequence[PastTurn]
    observation: Observation
    progress: float
    episode_return: float
    ending: str
    meter: Meter = Meter()


class Ask(Protocol):
    """Asks the agent's model; retries, budgets and records are done on the way."""

    async def __call__(
        self,
        messages: Sequence[Message],
        *,
        choices: Sequence[str] | None = None,
        stable: int = 0,
        model: str = "",
    ) -> Completion:
        """One completion, of the episode's model or of another one that the agent's settings name.

        Raises `ProviderError` when the retries are used up.
        """
        ...


@dataclass(frozen=True, slots=True)
class AgentContext:
    """What an agent is given for one episode.

    `instructions` are the rendered words of the task, `manual` the game's rules at length, where it has
    a manual. `ask` is None for an agent without a model, `oracle` None where the task has none. `seed` is
    the episode's seed: randomness comes from it and from the turn's index, never from a generator that
    lives across turns. `series` names the series that the run's seeds are drawn from. `memories` are what
    the trials before this one left, the latest last.
    """

    task: str
    instructions: str
    actions: Sequence[Action]
    free_text: bool
    seed: int
    history: History
    ask: Ask | None = None
    oracle: Callable[[], Awaitable[str]] | None = None
    manual: str = ""
    series: str = ""
    memories: Sequence[Memory] = ()


@runtime_checkable
class Agent(Protocol):
    """Turns observations into actions. The entry point names a factory ``(context, **settings)``.

    Attributes of the factory: `needs_model` (True by default), `needs_oracle` (False by default),
    `trials` (False by default), `alone` (False by default: True where its episodes must not be played at
    the same time), `models` (none by default: the settings that name further models, ``provider:name``).
    It may have a class method ``check(settings, task, series)``, which raises `InputError`
    where its settings do not serve for a task. Settings are keyword arguments with defaults; their types
    are taken from the signature.

    An agent with `trials` learns from trial to trial: it also has ``async remember(trial: Trial) ->
    Mapping[str, Any]``, asked once when an episode is over. What it returns is recorded in the episode
    and is in `AgentContext.memories` of the trials that follow, which wait for it. Its settings
    `mode` (``adapt``, ``new-environment`` or ``new-task``) and `trials` say which follow which
    (`harness.trials`).
    """

    async def act(self, turn: Turn) -> Decision:
        """Decide one turn. Keeps nothing from one turn to the next but what `Decision.memo` holds."""
        ...


@runtime_checkable
class History(Protocol):
    """Turns → messages. The entry point names a factory ``(**settings)``.

    Attributes it may have: `append_only` (False by default), `note` (what the model must be told to read
    the messages). A history may fold old turns into a summary that the model writes:
    ``fold(past, turn)`` then gives the text that asks for it (None where none is due), and the answer
    comes back as ``turn.memo["summary"]`` and later in the memo of that turn.
    """

    def messages(self, past: Sequence[PastTurn], turn: Turn) -> list[Message]:
        """The user and assistant messages of a conversation, ending in the turn's observation.

        A pure function. Append-only wherever it can be: the messages of one turn are a prefix of
        the next turn's, so that a server's prefix cache keeps hitting.
        """
        ...


@runtime_checkable
class Scorer(Protocol):
    """Recorded episodes → a table. The entry point names a factory without arguments."""

    def score(self, episodes: Iterable[Episode]) -> pd.DataFrame:
        """One row an episode with at least ``agent``, ``task``, ``index``, ``score``; missing is NaN."""
        ...
