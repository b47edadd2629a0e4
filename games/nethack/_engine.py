"""The engine behind NetHack and MiniHack: upstream's environment, played with the whole keyboard.

Upstream's tasks keep their rewards and their endings; its step limits are counted here, one for each
action, since an action may be several keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gymnasium import spaces
from nle import nethack
from nle.env.base import NLE

from games.api import Brief, GameEnv, Observation, Progress, UnknownAction
from games.nethack._explorer import Explorer
from games.nethack._keys import COMMANDS, ENTER, ESC, Asking, Command, Kind, Piece, parse, vocabulary
from games.nethack._picture import draw_terminal, draw_tiles
from games.nethack._progress import Journey
from games.nethack._words import describe, notable

KEYS = tuple(range(256))
"""What the inner environment may be sent: an action's index is the key itself."""

OBSERVED = (
    "glyphs",
    "chars",
    "blstats",
    "message",
    "tty_chars",
    "tty_colors",
    "tty_cursor",
    "inv_letters",
    "inv_strs",
    "screen_descriptions",
)
SETTINGS: Mapping[str, Any] = {
    "observation_keys": OBSERVED,
    "fix_moon_phase": True,  # else the game depends on the day it is played
    "render_mode": None,
}
"""How every inner environment is built."""


def unlock(inner: NLE) -> NLE:
    """Let an inner environment take every key and show every page, without a limit of its own."""
    inner.actions = KEYS
    inner.action_space = spaces.Discrete(len(KEYS))
    inner._allow_all_modes = inner._allow_all_yn_questions = True
    inner._max_episode_steps = 10**9  # `NetHackEnv` counts
    return inner


_SUCCESSFUL = 2  # `TASK_SUCCESSFUL` of the staircase family's StepStatus, MiniHack's base
_MAXHP = nethack.NLE_BL_HPMAX
_MORE = b"--More--"
_MENU_END = re.compile(rb"\((?:end|\d+ of \d+)\)")
_MOST_PAGES = 50
_DROPPED = "(The rest of your answer was dropped: the game did not ask for it.)"


@dataclass(slots=True)
class _Heard:
    """The messages of one step, each once."""

    texts: list[str] = field(default_factory=list)
    last: str = ""

    def add(self, text: str) -> None:
        if text and text != self.last:
            self.texts.append(text)
        self.last = text


class NetHackEnv(GameEnv):
    """One task of NetHack or MiniHack.

    Raw: a dict of the map (``glyphs``, ``chars``: 21 × 79), the ``blstats`` (27 numbers), the terminal
    (``tty_chars``, ``tty_colors``: 24 × 80, ``tty_cursor``), the inventory (``inv_letters``, ``inv_strs``),
    and what was made of it for words: ``message``, ``menu`` and ``asking`` (strings), ``seen`` (a list of
    x, y, text) and ``beside`` (eight texts, from north by the clock). The frame after the end is the last
    one of the game with the last messages, since upstream's is blank.
    """

    def __init__(
        self,
        inner: NLE,
        *,
        brief: Brief,
        max_steps: int,
        commands: Sequence[Command] = COMMANDS,
        questions: bool = True,
        descend: bool = True,
        terminal: bool = False,
        image: bool = False,
    ) -> None:
        self._inner = inner
        self._indices = {key: index for index, key in enumerate(inner._observation_keys)}
        self._brief = brief
        self._terminal = terminal
        self._journey = Journey()
        self._raw: dict[str, Any] = {}
        self._place = self._over = False
        self._steps = 0
        self._return = self._reward = 0.0
        self.end_status = 0
        self._descend = descend
        self.max_steps = max_steps
        self._commands = frozenset(command.key for command in commands)
        self.free_text = questions
        self.actions = vocabulary(commands, answers=questions)
        self.render_mode = "rgb_array" if image else None
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": 4}
        self.action_space = spaces.Text(80, min_length=1)
        self.observation_space = _space()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start the game of a seed: the dungeon, the character and every die are its."""
        chosen = self._seeded(seed)
        self._journey, self._place = Journey(), False
        self._begin(chosen)
        self._steps, self._return, self._reward = 0, 0.0, 0.0
        self._over, self.end_status = False, 0
        self._explorer = Explorer(
            [action.name for action in self.actions], free=self.free_text, descend=self._descend
        )
        heard = _Heard()
        self._settle(heard)
        self._raw = self._observe_engine(heard.texts)
        return self._raw, {}

    def _begin(self, seed: int) -> None:
        self._inner.seed(seed, seed, reseed=False)
        self._inner.reset()
        self._note()

    def decode(self, action: str) -> str:
        """The action itself, once its grammar is right for what the game asks now.

        Raises:
            UnknownAction: it is not of the grammar, or not a command of this task.
        """
        if not self.free_text and not any(known.name == action for known in self.actions):
            raise UnknownAction(f'no action is called "{action[:40]}"')
        self._pieces(action)
        return action

    def _pieces(self, action: str) -> list[Piece]:
        pieces = parse(action, self._asking())
        if any(piece.kind is Kind.COMMAND and piece.keys[-1] not in self._commands for piece in pieces):
            raise UnknownAction(f'"{action[:40]}" is no command of this task')
        return pieces

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Send the keys of an action, and read every page that the game shows for it.

        Raises:
            UnknownAction: the text is no action; no key was sent.
        """
        pieces = self._pieces(str(action))
        self._reward, heard = 0.0, _Heard(last=self._message())
        self._send_all(pieces, heard)
        self._steps += 1
        self._return += self._reward
        self._raw = (
            {**self._raw, "message": "\n".join(heard.texts), "menu": "", "asking": ""}
            if self._over
            else self._observe_engine(heard.texts)
        )
        cut = self._steps >= self.max_steps and not self._over
        return self._raw, self._reward, self._over, cut, {}

    def _send_all(self, pieces: Sequence[Piece], heard: _Heard) -> None:
        for piece in pieces:
            if piece.kind is Kind.COMMAND:
                self._cancel()
            if self._over:
                return
            if not self._fits(piece):
                if piece is not pieces[0]:
                    heard.add(_DROPPED)
                break
            self._send_piece(piece, heard)
        if not heard.texts and not self._over and self._message():
            heard.texts.append(self._message())  # the same words as before, said again

    def _send_piece(self, piece: Piece, heard: _Heard) -> None:
        *typed, last = piece.keys
        for key in typed:
            self._send(key)
            if piece.kind is not Kind.LINE:  # the game echoes each letter of a line as it is typed
                self._settle(heard)
        self._send(last)
        self._settle(heard)

    def _fits(self, piece: Piece) -> bool:
        """Whether keys may be sent now: an answer only where one is asked for."""
        match piece.kind:
            case Kind.ANSWER:
                return self._asking() is not Asking.NOTHING
            case Kind.LINE:
                return self._asking() is Asking.LINE
        return True

    def _cancel(self) -> None:
        for _ in range(_MOST_PAGES):
            if self._over or self._asking() is Asking.NOTHING:
                return
            self._send(ESC)

    def _send(self, key: int) -> None:
        """One key, unless the game is over."""
        if self._over:
            return
        _, reward, over, _, info = self._inner.step(key)
        self._reward += float(reward)
        self._over = bool(over)
        self.end_status = int(info["end_status"])
        if info["is_ascended"]:
            self._journey.ascended = True
        if not over:
            self._note()
            message = self._message()
            opened = "(For instructions type a" in message or message.startswith("Pick an object")
            self._place = opened or (self._place and key not in (ESC, *b".,;:") and not self._flags().any())

    def _settle(self, heard: _Heard) -> None:
        """Collect the message, and turn every page that ends in --More--."""
        for _ in range(_MOST_PAGES):
            if self._over:
                return
            heard.add(self._message())
            if not self._flags()[2] or (page := _page(self._of("tty_chars"))) is None:
                return
            if not self._message():
                heard.add(page)
            self._send(ENTER)

    def _note(self) -> None:
        stats = self._of("blstats")
        if stats[_MAXHP]:
            self._journey.note(stats)

    def _of(self, key: str) -> Any:
        return self._inner.last_observation[self._indices[key]]

    def _flags(self) -> Any:
        """In a one-key question, in a line of text, waiting for a key to go on."""
        return self._of("internal")[1:4]

    def _message(self) -> str:
        return bytes(self._of("message")).partition(b"\0")[0].decode("latin-1").strip()

    def _asking(self) -> Asking:
        question, line, waits = (bool(flag) for flag in self._flags())
        if line:
            return Asking.LINE
        if question:
            return Asking.DIRECTION if "direction" in self._message() else Asking.QUESTION
        if waits:
            return Asking.MENU
        return Asking.PLACE if self._place else Asking.NOTHING

    def _observe_engine(self, messages: Sequence[str]) -> dict[str, Any]:
        names = ("glyphs", "chars", "blstats", "tty_chars", "tty_colors", "tty_cursor")
        raw = {name: self._of(name).copy() for name in names}
        letters = self._of("inv_letters")
        count = int(np.count_nonzero(letters))
        raw["inv_letters"] = letters[:count].copy()
        raw["inv_strs"] = self._of("inv_strs")[:count].copy()
        asking = self._asking()
        raw["message"] = "\n".join(messages)
        raw["asking"] = str(asking)
        raw["menu"] = _menu(raw["tty_chars"]) if asking is Asking.MENU else ""
        raw["seen"], raw["beside"] = notable(raw["glyphs"], raw["blstats"], self._of("screen_descriptions"))
        return raw

    def render(self) -> Any:
        """The terminal, or the map as tiles between the message and the status lines."""
        raw = self._raw
        if self._terminal or raw["menu"]:
            return draw_terminal(raw["tty_chars"], raw["tty_colors"])
        return draw_tiles(self._inner, raw)

    def brief(self) -> Brief:
        """What the task says."""
        return self._brief

    def observe(self, raw: Any, info: Mapping[str, Any]) -> Observation:
        """Inventory, statistics, message, menu, what is next to you and in view, the map."""
        return describe(raw)

    def progress(self) -> Progress:
        """How far the game went: see `games.nethack._progress`."""
        return self._journey.progress(self._return)

    def oracle(self) -> str:
        """What the explorer does, which sees only the observation."""
        return self._explorer.act(self._raw)

    @property
    def successful(self) -> bool:
        """Whether upstream's own status says that the task was accomplished."""
        return self.end_status == _SUCCESSFUL

    def close(self) -> None:
        """End the game."""
        self._inner.close()


def _page(screen: Any) -> str | None:
    """The text of a page that ends in --More--, or None where there is none."""
    rows = [bytes(row) for row in screen]
    for number, row in enumerate(rows):
        column = row.find(_MORE)
        if column >= 0:
            left = max(0, column - 1)  # a window's text begins one place before its --More--
            lines = rows[:number] if number > 1 else []
            return "\n".join(line[left:].decode("latin-1").rstrip() for line in lines).strip()
    return None


def _menu(screen: Any) -> str:
    """The window that is open, as it stands on the terminal."""
    rows = [bytes(row) for row in screen]
    for number, row in enumerate(rows):
        if found := _MENU_END.search(row):
            lines = [line[found.start() :] for line in rows[: number + 1]]
            break
    else:
        lines = rows
    return "\n".join(line.decode("latin-1").rstrip() for line in lines).strip("\n")


def _space() -> spaces.Dict:
    numbers = {
        "glyphs": spaces.Box(0, nethack.MAX_GLYPH, (21, 79), np.int16),
        "chars": spaces.Box(0, 255, (21, 79), np.uint8),
        "blstats": spaces.Box(-(2**31), 2**31, (27,), np.int64),
        "tty_chars": spaces.Box(0, 255, (24, 80), np.uint8),
        "tty_colors": spaces.Box(0, 31, (24, 80), np.int8),
        "tty_cursor": spaces.Box(0, 255, (2,), np.uint8),
    }
    texts = {name: spaces.Text(10_000, min_length=0) for name in ("message", "menu", "asking")}
    return spaces.Dict({**numbers, **texts})
