"""Upstream's environments, mended where their levels cannot be seeded or are not there.

* The levels drawn with minigrid (MultiRoom, LavaCrossing, SimpleCrossing) call a `seed` that minigrid 3 no
  longer has, and give the crossings a size that it refuses.
* Boxoban's levels are downloaded by a script; ours (`games.minihack._boxoban`) are shipped.

Each class stands between upstream's leaf class and its base, so that the leaf's own settings still count.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

import gymnasium
import minigrid  # noqa: F401 - registers the levels that are drawn with it
from gymnasium.envs.registration import load_env_creator
from minihack.envs.boxohack import BoxoHack
from minihack.envs.minigrid import MOVE_AND_KICK_ACTIONS, MiniGridHack
from minihack.navigation import MiniHackNavigation

from games.minihack._levels import boxoban_level

_ROOM = {"width": 76, "height": 21}  # what fits on NetHack's map, as upstream has it


class SeededGrid(MiniGridHack):  # type: ignore[misc]  # upstream has no types
    """Levels drawn by minigrid, of the seed that the game has."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        name = kwargs.pop("env_name")
        size = {} if "Crossing" in name else _ROOM
        spec = gymnasium.spec(name)
        # Built without `gymnasium.make`, which would say that the id has a newer version.
        self.minigrid_env = load_env_creator(str(spec.entry_point))(**{**spec.kwargs, **size})
        self.num_mon = kwargs.pop("num_mon", 0)
        self.num_trap = kwargs.pop("num_trap", 0)
        self.door_state = kwargs.pop("door_state", "closed")
        if self.door_state == "locked":
            kwargs.setdefault("actions", MOVE_AND_KICK_ACTIONS)
        self.wall = "L" if kwargs.pop("lava_walls", False) else "|"
        self._level_seed = 0
        MiniHackNavigation.__init__(self, *args, des_file=self.get_env_desc(), **kwargs)

    def get_env_desc(self) -> str:
        """The level of the seed, in NetHack's level language."""
        with contextlib.redirect_stdout(io.StringIO()):  # minigrid talks while it draws
            self.minigrid_env.reset(seed=self._level_seed)
            return str(super().get_env_desc())  # which draws the next level of that seed

    def seed(self, core: Any = None, disp: Any = None, reseed: bool = False, lgen: Any = None) -> Any:
        """Seeds of the next reset; the level is drawn from the first."""
        self._level_seed = int(core)
        return MiniHackNavigation.seed(self, core, disp, reseed, lgen)


class OwnBoxoban(BoxoHack):  # type: ignore[misc]
    """Boxoban on the levels that are shipped."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._goal_pos_set: object = None  # upstream looks at it before its reset sets it
        self._set = kwargs.pop("level_set", "unfiltered")
        kwargs.pop("level_mode", None)
        kwargs.setdefault("max_episode_steps", 400)
        kwargs.setdefault("actions", _CARDINAL)
        self._time_penalty = kwargs.pop("penalty_time", 0)
        self._reward_shaping_coefficient = kwargs.pop("reward_shaping_coefficient", 0)
        self._flags = tuple(kwargs.pop("flags", ()))
        self._levels = [boxoban_level(self._set, 0)]
        MiniHackNavigation.__init__(self, *args, des_file=self.get_lvl_gen().get_des(), **kwargs)

    def seed(self, core: Any = None, disp: Any = None, reseed: bool = False, lgen: Any = None) -> Any:
        """Seeds of the next reset; the level is chosen by the first."""
        self._levels = [boxoban_level(self._set, int(core))]
        return super().seed(core, disp, reseed, lgen)


_CARDINAL = tuple(map(ord, "kljh"))


def mended(cls: type) -> type:
    """The class with the mending base put beneath it, or itself where nothing is broken."""
    for broken, whole in ((MiniGridHack, SeededGrid), (BoxoHack, OwnBoxoban)):
        if cls is broken:
            return whole
        if issubclass(cls, broken):
            return type(cls.__name__, (cls, whole), {})
    return cls
