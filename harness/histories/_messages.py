"""How one observation and one answer become messages: shared by all histories."""

from __future__ import annotations

from collections.abc import Sequence

from games.api import Observation
from harness.api import Image, Message, Part, PastTurn, Text, Turn
from harness.world import png


def observation_text(observation: Observation) -> str:
    """The sections in order, each under its name."""
    return "\n\n".join(f"[{section.name}]\n{section.text}" for section in observation.sections)


def user_message(observation: Observation, notice: str, *, picture: bool) -> Message:
    """What the model is shown at the start of a turn."""
    text = "\n\n".join(part for part in (notice, observation_text(observation)) if part)
    parts: list[Part] = [Text(text)] if text else []
    if picture and observation.image is not None:
        parts.append(Image(png(observation.image)))
    return Message("user", tuple(parts) or (Text("(no picture kept)"),))


def assistant_message(turn: PastTurn) -> Message:
    """What the model answered; an agent without words is shown by its actions."""
    return Message.of("assistant", turn.decision.text or ", ".join(turn.decision.actions) or "(no answer)")


def conversation(past: Sequence[PastTurn], turn: Turn, *, images: int) -> list[Message]:
    """Turns as user and assistant messages; pictures stay with the last `images` observations."""
    first_picture = len(past) + 1 - images
    messages: list[Message] = []
    for at, old in enumerate(past):
        messages.append(user_message(old.observation, old.notice, picture=at >= first_picture))
        messages.append(assistant_message(old))
    messages.append(user_message(turn.observation, turn.notice, picture=images > 0))
    return messages
