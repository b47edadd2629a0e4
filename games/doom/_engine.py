"""Doom on ViZDoom: one game in a process of its own, tic by tic.

Each episode has a fresh process, which takes about 0.3 s: what was played before can then not show in it (the
numbers that ViZDoom gives to objects run on from episode to episode).
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import vizdoom
from numpy.typing import NDArray

from games.api import Section
from games.doom import _words
from games.doom._order import write_order
from games.doom._players import PLAYERS
from games.doom._process import Child
from games.doom._walk import Walk, way

RATE = 35.0
"""Tics a second (`vizdoom.DEFAULT_TICRATE`)."""

BUTTONS = {
    "forward": "MOVE_FORWARD",
    "back": "MOVE_BACKWARD",
    "left": "TURN_LEFT",
    "right": "TURN_RIGHT",
    "strafe left": "MOVE_LEFT",
    "strafe right": "MOVE_RIGHT",
    "run": "SPEED",
    "attack": "ATTACK",
    "use": "USE",
    **{name: f"SELECT_WEAPON{number}" for number, name in enumerate(_words.WEAPONS, 1)},
}
"""Our names of ViZDoom's buttons. Weapons have no numbers: a number behind a button is frames."""

_LEFT_OUT = ("PLAYER", "USER", "ALTATTACK", "FRAGCOUNT", "DEATHCOUNT", "CAMERA")
"""Variables of matches between players, of scripts, and those that only repeat others."""


@dataclass(frozen=True)
class Setup:
    """What is played: one of ViZDoom's own scenarios (`config`), or `levels` of `wad`, one after the other.

    `oracle` is the name of a player of `games.doom._players`; `words` says whether what is in the picture is
    told in words, which costs half of the speed.
    """

    buttons: tuple[str, ...]
    config: str = ""
    wad: Path | None = None
    levels: tuple[str, ...] = ()
    skill: int | None = None
    oracle: str = ""
    words: bool = True


def variables_of_vizdoom() -> dict[str, Any]:
    """ViZDoom's game variables that are told, by our names."""
    members = vizdoom.GameVariable.__members__
    return {name.lower(): value for name, value in members.items() if not name.startswith(_LEFT_OUT)}


class DoomEngine:
    """One game. Fulfils `games.frames.Engine`.

    Raw: ``variables`` (by name), ``objects`` (a row for each object of the level: id, x, y, z, angle; map
    units, degrees anticlockwise from east), their ``names``, and ``seen``: what is in the picture.
    """

    rate = RATE
    pointer: tuple[int, int] | None = None
    savable = False

    def __init__(self, setup: Setup) -> None:
        self.buttons = setup.buttons
        self.rewards = bool(setup.config)
        self._setup = setup
        self._child = Child()
        self._game = self._child.game
        self._named = variables_of_vizdoom()
        self._configure()
        self._paid, self._tic, self._done = 0.0, 0, 0
        self._walk: Walk | None = None
        self._picture: NDArray[np.uint8] = np.zeros((240, 320, 3), np.uint8)

    def _configure(self) -> None:
        game, setup = self._game, self._setup
        if setup.config:
            game.load_config(str(Path(vizdoom.scenarios_path, f"{setup.config}.cfg")))
        # Named, so that no doom2.wad of the folder that the player happens to be in is taken.
        game.set_doom_game_path(str(self._wad()))
        game.set_doom_map(setup.levels[0] if setup.levels else "map01")
        if len(setup.levels) > 1:
            order = self._child.folder / "order.wad"
            write_order(order, setup.levels)
            game.set_doom_scenario_path(str(order))
        if setup.skill is not None:
            game.set_doom_skill(setup.skill)
        game.add_game_args("+disableautosave 1")
        game.set_episode_timeout(0)  # the frames of the task end it
        game.set_mode(vizdoom.Mode.PLAYER)
        game.set_available_buttons([getattr(vizdoom.Button, BUTTONS[name]) for name in self.buttons])
        game.set_available_game_variables([])
        game.set_screen_format(vizdoom.ScreenFormat.RGB24)
        game.set_screen_resolution(vizdoom.ScreenResolution.RES_320X240)
        game.set_render_hud(not setup.config)
        game.set_render_messages(not setup.config)
        game.set_labels_buffer_enabled(setup.words)
        game.set_objects_info_enabled(True)

    def _wad(self) -> Path:
        return self._setup.wad or Path(vizdoom.root_path, "freedoom2.wad")

    def start(self, seed: int) -> None:
        """Start a process with the seed's episode; seeds are taken modulo 2³²."""
        self._game.close()
        self._game.set_seed(seed % (1 << 32))
        self._child.start()
        self._paid, self._tic, self._done = 0.0, 0, 0
        self._enter()
        self._look()

    def _enter(self) -> None:
        """Begin to measure the way of the level that is now played."""
        levels = self._setup.levels
        if self._done < len(levels):
            self._walk = Walk(way(self._wad(), levels[self._done], self._game.get_doom_skill()))

    def advance(self, frames: int, held: Set[str]) -> None:
        """Run so many tics, fewer where the episode ends, and none after."""
        if self.over:
            return
        self._game.set_action([float(name in held) for name in self.buttons])
        self._game.advance_action(frames)
        self._look()

    def _look(self) -> None:
        """Take over the state; once the episode is over there is none, and the last picture stays."""
        state = self._state = self._game.get_state()
        if state is None:
            self._done += self.finished
            return
        if state.tic < self._tic:  # the time of a level begins anew
            self._done += 1
            self._enter()
        self._picture, self._tic = state.screen_buffer, state.tic
        if self._walk is not None:
            read, variable = self._game.get_game_variable, vizdoom.GameVariable
            place = read(variable.POSITION_X), read(variable.POSITION_Y)
            self._walk.look(*place, state.objects if self._walk.needs_things else ())

    def point(self, x: int, y: int) -> None:
        """There is no mouse."""
        raise NotImplementedError("Doom is played without a mouse here")

    def picture(self) -> NDArray[np.uint8]:
        """The screen, 240 × 320 × 3: ViZDoom's smallest of 4:3 that shows the status bar whole."""
        return self._picture

    def variables(self) -> Mapping[str, float]:
        """ViZDoom's variables in lower case, ``tic`` (of the level), ``finished`` (the last was left alive).

        Of levels also ``done``, how many were left, and ``way``, the greatest share so far of the way to
        the exit of the one that is played.
        """
        read = self._game.get_game_variable
        numbers = {name: float(read(value)) for name, value in self._named.items()}
        numbers["tic"] = float(self._tic)
        numbers["finished"] = float(self.finished)
        if self._walk is not None:
            numbers["done"], numbers["way"] = float(self._done), self._walk.share
        return numbers

    def raw(self) -> dict[str, Any]:
        """See the class."""
        state = self._state
        objects = state.objects if state is not None else ()
        labels = state.labels if state is not None and self._setup.words else ()
        rows = [(o.id, o.position_x, o.position_y, o.position_z, o.angle) for o in objects]
        return {
            "variables": dict(self.variables()),
            "objects": np.array(rows, np.float64).reshape(-1, 5),
            "names": [o.name for o in objects],
            "seen": [_words.seen(label) for label in labels],
        }

    def words(self, raw: Mapping[str, Any]) -> tuple[Section, ...]:
        """How the player is, and what is in the picture, nothing that is hidden; none where not asked for."""
        return _words.sections(raw) if self._setup.words else ()

    @property
    def over(self) -> bool:
        """The player is dead, or the level was left."""
        return bool(self._game.is_episode_finished())

    @property
    def finished(self) -> bool:
        """The episode has ended, but not by death."""
        return self.over and not self._game.is_player_dead()

    def take_reward(self) -> float:
        """The scenario's own reward since the last call; 0 in campaigns."""
        total = float(self._game.get_total_reward())
        reward, self._paid = total - self._paid, total
        return reward

    def oracle(self) -> str:
        """The scripted player's next line, from what is in the picture."""
        return PLAYERS[self._setup.oracle](self.raw())

    def save(self) -> bytes:
        """No states: a saved game of ViZDoom must not be read from a stranger's file."""
        raise NotImplementedError("ViZDoom makes no states that are safe to load")

    def load(self, state: bytes) -> None:
        """See `save`."""
        raise NotImplementedError("ViZDoom makes no states that are safe to load")

    def close(self) -> None:
        """End the process."""
        self._child.close()
