"""The five BabyAI kinds of instruction as levels of minigrid's own generator.

Sizes and step limits follow BALROG's protocol (64 steps for goto and pickup, 128 for the others,
one kind of instruction each); its rooms hold next to nothing but the goal, ours hold distractors,
so that the words of the mission have to be read.
"""

from __future__ import annotations

from typing import Any

from minigrid.envs.babyai.core import roomgrid_level
from minigrid.envs.babyai.core.levelgen import LevelGen
from minigrid.envs.babyai.core.verifier import (
    OBJ_TYPES_NOT_DOOR,
    AfterInstr,
    BeforeInstr,
    GoToInstr,
    PickupInstr,
)

# The generator prints a line for every level that it throws away. The module's own name `print`
# shadows the built-in for that module alone: redirecting standard output would be process-wide, and
# environments are reset in several threads.
roomgrid_level.print = lambda *_: None


class _PickUpThenGoTo(LevelGen):  # type: ignore[misc]
    """Pick one thing up and go to another, in the order that the words say."""

    def rand_instr(self, action_kinds: Any, instr_kinds: Any, depth: int = 0) -> Any:
        pick = PickupInstr(self.rand_obj(types=OBJ_TYPES_NOT_DOOR))
        go = GoToInstr(self.rand_obj())
        return BeforeInstr(pick, go) if self._rand_bool() else AfterInstr(go, pick)


_ONE_ROOM = {"room_size": 8, "num_rows": 1, "num_cols": 1, "num_dists": 5}
_FOUR_ROOMS = {"room_size": 6, "num_rows": 2, "num_cols": 2, "num_dists": 4}
_COMMON = {
    "locked_room_prob": 0.0,
    "locations": False,
    "unblocking": False,
    "implicit_unlock": False,
    "instr_kinds": ("action",),
}

KINDS: dict[str, tuple[type[LevelGen], dict[str, Any]]] = {
    "goto": (LevelGen, {**_ONE_ROOM, "action_kinds": ("goto",), "max_steps": 64}),
    "pickup": (LevelGen, {**_ONE_ROOM, "action_kinds": ("pickup",), "max_steps": 64}),
    "open": (LevelGen, {**_FOUR_ROOMS, "action_kinds": ("open",), "max_steps": 128}),
    "putnext": (LevelGen, {**_ONE_ROOM, "action_kinds": ("putnext",), "max_steps": 128}),
    "pick_up_seq_go_to": (_PickUpThenGoTo, {**_ONE_ROOM, "max_steps": 128}),
}
"""Kind → the generator and its parameters."""


def make_level(kind: str, **options: Any) -> LevelGen:
    """A level of a kind; a new one of it at every reset."""
    level, parameters = KINDS[kind]
    return level(**_COMMON, **parameters, **options)
