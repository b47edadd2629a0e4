"""What every history must do."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from harness.api import Image, Meter
from harness.settings import parameters
from harness.testing._samples import loaded, past, turn


class HistoryContract:
    """Subclass, and say which: ``plugin`` is an entry point's name or a factory."""

    plugin: Any
    settings: Mapping[str, Any] = {}

    def history(self) -> Any:
        """A fresh history."""
        return loaded("histories", self.plugin)(**self.settings)

    def test_ends_with_the_present(self) -> None:
        """The last message is the user's, and shows what is observed now."""
        for count in (0, 1, 5, 40):
            earlier = past(count)
            messages = self.history().messages(earlier, turn(earlier))
            assert messages[-1].role == "user"
            assert f"a door: {count + 1} steps forward" in messages[-1].text

    def test_alternates(self) -> None:
        """User and assistant take turns, as providers require."""
        earlier = past(20)
        roles = [message.role for message in self.history().messages(earlier, turn(earlier))]
        assert roles[0] == "user"
        assert all(one != other for one, other in pairwise(roles))

    def test_is_pure(self) -> None:
        """The same turns give the same messages, also from another object."""
        earlier = past(7)
        history = self.history()
        first = history.messages(earlier, turn(earlier))
        history.messages(past(3), turn(past(3)))
        assert history.messages(earlier, turn(earlier)) == first
        assert self.history().messages(earlier, turn(earlier)) == first

    def test_is_append_only_where_it_says_so(self) -> None:
        """The messages of one turn begin those of the next."""
        history = self.history()
        if not getattr(history, "append_only", False):
            return
        for count in range(8):
            now = history.messages(past(count), turn(past(count)))
            later = history.messages(past(count + 1), turn(past(count + 1)))
            assert later[: len(now)] == now

    def test_keeps_to_its_budget(self) -> None:
        """Where it has a setting `tokens`, a conversation has no more, unless the present alone does."""
        factory = loaded("histories", self.plugin)
        if "tokens" not in parameters(factory):
            return
        history = factory(**{**self.settings, "tokens": 500})
        for count in (0, 3, 40, 41, 90):
            earlier = past(count)
            messages = history.messages(earlier, turn(earlier))
            assert sum(Meter().count(message.text) for message in messages) <= 500

    def test_shows_the_present_picture(self) -> None:
        """Where there are pictures, the present one is in the last message."""
        earlier = past(4, image=True)
        messages = self.history().messages(earlier, turn(earlier, image=True))
        assert any(isinstance(part, Image) for part in messages[-1].parts)
