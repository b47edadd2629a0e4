"""How one observation and one answer become messages: shared by all histories."""

from __future__ import annotations

from games.api import Observation, Section
from harness.api import Image, Message, Part, PastTurn, Text, Turn
from harness.world import png


def section_text(section: Section) -> str:
    """A section under its name."""
    return f"[{section.name}]\n{section.text}"


def observation_text(observation: Observation) -> str:
    """The sections in order, each under its name."""
    return "\n\n".join(section_text(section) for section in observation.sections)


def user_message(text: str, seen: PastTurn | Turn, *, picture: bool, before: str = "") -> Message:
    """What the model is shown at the start of a turn: what is said before, the notice, words, picture."""
    words = "\n\n".join(part for part in (before, seen.notice, text) if part)
    parts: list[Part] = [Text(words)] if words else []
    if picture and seen.observation.image is not None:
        parts.append(Image(png(seen.observation.image)))
    return Message("user", tuple(parts) or (Text("(no picture kept)"),))


def assistant_message(turn: PastTurn) -> Message:
    """What the model answered; an agent without words is shown by its actions."""
    return Message.of("assistant", turn.decision.text or ", ".join(turn.decision.actions) or "(no answer)")
