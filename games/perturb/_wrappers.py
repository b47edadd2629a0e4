"""The perturbations themselves.

Each draws from a generator of its own, seeded by the episode's seed, its name and its place among the
perturbations, so that none changes what another or the game draws.

What a perturbation does is told in the instructions (`sentence`): a prompt has to say what is true.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from games.api import Brief, Observation

_DARK = "ludometer_dark"


class Perturbation(gymnasium.Wrapper[Any, Any, Any, Any]):
    """The base of all: seeds, states and the sentence; everything else passes through."""

    name = ""

    def __init__(self, env: Any, *, position: int = 0) -> None:
        super().__init__(env)
        self._position = position
        self._dice = np.random.default_rng(0)
        self._steps = 0

    def sentence(self) -> str:
        """What the player is told."""
        raise NotImplementedError

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Start anew, with the perturbation's own dice."""
        self._dice = np.random.default_rng([seed or 0, zlib.crc32(self.name.encode()), self._position])
        self._steps = 0
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> Any:
        """One step of the environment, counted."""
        self._steps += 1
        return self.env.step(action)

    def brief(self) -> Brief:
        """The game's facts with this perturbation's sentence among them."""
        brief: Brief = self._inner("brief")
        told = [*brief.facts.get("perturbations", ()), self.sentence()]
        return replace(brief, facts={**brief.facts, "perturbations": told})

    def checkpoint(self) -> bytes:
        """The game's state and the perturbation's."""
        own = {name: value for name, value in self.__dict__.items() if name != "env"}
        return pickle.dumps((self._inner("checkpoint"), own))

    def restore(self, state: bytes) -> None:
        """Take over a checkpoint. Bytes of another source must not be given."""
        inner, own = pickle.loads(state)  # noqa: S301 - checkpoints live in memory only
        self._inner("restore", inner)
        self.__dict__.update(own)

    def _inner(self, method: str, *arguments: Any) -> Any:
        return self.env.get_wrapper_attr(method)(*arguments)

    def _random_action(self) -> Any:
        names = [action.name for action in self.env.get_wrapper_attr("actions")]
        return self._inner("decode", names[self._dice.integers(len(names))])


class ActionNoise(Perturbation):
    """Action: with probability p another action, drawn evenly from the vocabulary, is executed."""

    name = "action_noise"

    def __init__(self, env: Any, p: float, *, position: int = 0) -> None:
        super().__init__(env, position=position)
        self._p = p

    def sentence(self) -> str:
        """What the player is told."""
        return f"With probability {self._p:g} a random action is executed in place of the one you name."

    def step(self, action: Any) -> Any:
        """One step, perhaps with another action."""
        noisy = self._dice.random() < self._p
        return super().step(self._random_action() if noisy else action)


class Sticky(Perturbation):
    """Action: with probability p the action executed last is executed again (Machado et al. 2018)."""

    name = "sticky"

    def __init__(self, env: Any, p: float, *, position: int = 0) -> None:
        super().__init__(env, position=position)
        self._p = p
        self._last: Any = None

    def sentence(self) -> str:
        """What the player is told."""
        return f"With probability {self._p:g} your previous action is executed again in place of the new one."

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Start anew: there is no last action."""
        self._last = None
        return super().reset(seed=seed, options=options)

    def step(self, action: Any) -> Any:
        """One step, perhaps with the last action."""
        sticks = self._dice.random() < self._p and self._last is not None
        self._last = self._last if sticks else action
        return super().step(self._last)


class Tremors(Perturbation):
    """Random events: at each step, with probability p, a tremor begins that lasts some steps.

    While it lasts every action is a random one.
    """

    name = "tremors"

    def __init__(self, env: Any, p: float = 0.05, steps: int = 3, *, position: int = 0) -> None:
        super().__init__(env, position=position)
        self._p = p
        self._length = steps
        self._left = 0

    def sentence(self) -> str:
        """What the player is told."""
        lasts = f"{self._length} steps" if self._length > 1 else "one step"
        return (
            f"At each step, with probability {self._p:g}, a tremor begins; for {lasts} random actions are "
            "executed in place of yours."
        )

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Start anew, without a tremor."""
        self._left = 0
        return super().reset(seed=seed, options=options)

    def step(self, action: Any) -> Any:
        """One step, shaken or not."""
        if self._left == 0 and self._dice.random() < self._p:
            self._left = self._length
        shaken = self._left > 0
        self._left = max(0, self._left - 1)
        return super().step(self._random_action() if shaken else action)


class Drift(Perturbation):
    """Concept drift: after some steps the actions' names change what they do.

    ``kind=sudden``: once, for the rest of the episode. ``kind=cyclic``: back and forth, every so many
    steps. Which name does what is drawn anew for each episode; no name keeps its meaning.
    """

    name = "drift"

    def __init__(self, env: Any, steps: int = 50, kind: str = "sudden", *, position: int = 0) -> None:
        super().__init__(env, position=position)
        if kind not in ("sudden", "cyclic"):
            raise ValueError(f"drift: kind={kind} is neither sudden nor cyclic")
        self._every = steps
        self._kind = kind
        self._shift = 1

    def sentence(self) -> str:
        """What the player is told."""
        if self._kind == "sudden":
            return (
                f"After {self._every} steps the names of the actions change what they do, once and for all."
            )
        return (
            f"After {self._every} steps the names of the actions change what they do; after as many more "
            "they do again what is described here, and so on."
        )

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Start anew, and draw how the names will change."""
        started = super().reset(seed=seed, options=options)
        count = len(self.env.get_wrapper_attr("actions"))
        # A rotation of the vocabulary by at least one place moves every name.
        self._shift = int(self._dice.integers(1, count)) if count > 1 else 0
        return started

    def decode(self, action: str) -> Any:
        """What a name does now. Free text that is no name in the vocabulary keeps its meaning."""
        names = [known.name for known in self.env.get_wrapper_attr("actions")]
        periods = self._steps // self._every
        changed = periods >= 1 if self._kind == "sudden" else periods % 2 == 1
        if changed and action in names:
            action = names[(names.index(action) + self._shift) % len(names)]
        return self._inner("decode", action)


class _Shown(Perturbation):
    """The base of those that change what is shown, in pictures and in words."""

    def observe(self, raw: Any, info: Mapping[str, Any]) -> Observation:
        """The game's observation, changed."""
        seen: Observation = self._inner("observe", raw, info)
        if seen.image is not None:
            seen = replace(seen, image=self.picture(seen.image))
        return self.words(seen, info)

    def render(self) -> Any:
        """The game's picture, changed."""
        return self.picture(np.asarray(self.env.render(), dtype=np.uint8))

    def picture(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A picture as it is shown."""
        return image

    def words(self, seen: Observation, info: Mapping[str, Any]) -> Observation:
        """Sections as they are shown."""
        return seen


class Invert(_Shown):
    """Another representation: every picture in its complementary colours."""

    name = "invert"

    def sentence(self) -> str:
        """What the player is told."""
        return "Pictures are shown in inverted colours; words are as they are."

    def picture(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The negative."""
        return 255 - image


class Grey(_Shown):
    """Another representation: every picture without colours (ITU-R BT.601 luma)."""

    name = "grey"

    def sentence(self) -> str:
        """What the player is told."""
        return "Pictures are shown without colours; words are as they are."

    def picture(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The luma in all three channels."""
        luma = (image @ np.array([0.299, 0.587, 0.114])).round().astype(np.uint8)
        return np.repeat(luma[..., None], 3, axis=2)


class Blackout(_Shown):
    """Missing state: with probability p a step's observation is not shown at all."""

    name = "blackout"

    def __init__(self, env: Any, p: float, *, position: int = 0) -> None:
        super().__init__(env, position=position)
        self._p = p
        self._dark = False

    def sentence(self) -> str:
        """What the player is told."""
        return f"With probability {self._p:g} nothing at all is shown at a step."

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Start anew; the first observation is shown."""
        self._dark = False
        return super().reset(seed=seed, options=options)

    def step(self, action: Any) -> Any:
        """One step, its observation shown or not."""
        raw, reward, terminated, truncated, info = super().step(action)
        self._dark = bool(self._dice.random() < self._p)
        return raw, reward, terminated, truncated, {**info, _DARK: self._dark}

    def picture(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Black, when it is dark."""
        return np.zeros_like(image) if self._dark else image

    def words(self, seen: Observation, info: Mapping[str, Any]) -> Observation:
        """The sections' names stay, so that it is plain what is missing."""
        if not info.get(_DARK):
            return seen
        return replace(seen, sections=tuple(replace(s, text="(not shown)") for s in seen.sections))


class Crop(_Shown):
    """Missing state: of each picture only the middle is shown, `keep` of its height and width."""

    name = "crop"

    def __init__(self, env: Any, keep: float = 0.5, *, position: int = 0) -> None:
        super().__init__(env, position=position)
        self._keep = keep

    def sentence(self) -> str:
        """What the player is told."""
        return f"Of each picture only the middle is shown ({self._keep:.0%} of its height and width)."

    def picture(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture, black around its middle."""
        shown = np.zeros_like(image)
        height, width = image.shape[:2]
        top, left = (round(size * (1 - self._keep) / 2) for size in (height, width))
        middle = np.s_[top : height - top, left : width - left]
        shown[middle] = image[middle]
        return shown


class Hide(_Shown):
    """Missing state: a named section of the words is never shown (``_`` for blanks in its name)."""

    name = "hide"

    def __init__(self, env: Any, section: str, *, position: int = 0) -> None:
        super().__init__(env, position=position)
        self._section = section.replace("_", " ")

    def sentence(self) -> str:
        """What the player is told."""
        return f'The section "{self._section}" of what you observe is hidden.'

    def words(self, seen: Observation, info: Mapping[str, Any]) -> Observation:
        """All sections but the hidden one.

        Raises:
            ValueError: there is no such section.
        """
        kept = tuple(s for s in seen.sections if s.name.replace("_", " ") != self._section)
        if seen.sections and len(kept) == len(seen.sections):
            names = ", ".join(section.name for section in seen.sections)
            raise ValueError(f"hide: there is no section {self._section!r}; there are: {names}")
        return replace(seen, sections=kept)


PERTURBATIONS: dict[str, type[Perturbation]] = {
    wrapper.name: wrapper
    for wrapper in (ActionNoise, Sticky, Tremors, Drift, Invert, Grey, Blackout, Crop, Hide)
}
