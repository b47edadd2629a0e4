"""Holds an Atari table against the screen: does each reported object lie where its colour is?

``python tests/games/atari_pixels.py GAME…`` prints the same counts while a table is being made.
"""

import sys
from collections import Counter, defaultdict

import ale_py
import numpy as np

from games.atari.tables import table
from harness import tasks

LOOK = 4  # pixels around the reported box in which its colour is looked for
NEAR = 2  # pixels that a box may be off


def kind(name):
    """A name without its number."""
    return name.rstrip("0123456789 ")


def coloured(picture, colours):
    """Where the picture has one of the colours: a mask, H × W."""
    return np.logical_or.reduce([(picture == np.array(c, np.uint8)).all(2) for c in colours])


def offset(thing, frame, colours):
    """How far the coloured part of a box's surroundings is from the box (right, down), or None.

    On each axis the smallest of three: left (top) sides, right (bottom) sides, middles. A sprite changes
    its outline as it moves its limbs; a box that lies elsewhere has all three wrong.
    """
    top, left = max(0, thing.y - LOOK), max(0, thing.x - LOOK)
    around = frame[top : thing.y + thing.h + LOOK, left : thing.x + thing.w + LOOK]
    rows, columns = np.nonzero(coloured(around, colours))
    if not len(rows):
        return None
    return _off(columns + left, thing.x, thing.w), _off(rows + top, thing.y, thing.h)


def _off(found, begin, size):
    first, last = found.min() - begin, found.max() + 1 - (begin + size)
    return min(first, last, (first + last) / 2, key=abs)


def measure(game, steps=500, seed=0):
    """Of each kind of object how often it was reported, seen, and seen in its place, over random play.

    It is looked for in the last frame of a step, in the one before, and in the one that comes next: many
    games draw some of their objects only in every other frame, and some change the memory after they have
    drawn from it, so that what it says is seen one frame later.
    """
    env = tasks.make(f"atari/{game}", image=True)
    dice = np.random.default_rng(seed)
    raw, _ = env.reset(seed=seed)
    known, counts = table(game), defaultdict(Counter)
    for step in range(steps):
        frames = shown(env)
        for thing in known.things(raw["ram"].tobytes()):
            note(counts[kind(thing.name)], thing, frames, known.COLOURS[kind(thing.name)])
        raw, _, over, cut, _ = env.step(env.actions[dice.integers(len(env.actions))].value)
        if over or cut:
            raw, _ = env.reset(seed=seed + step + 1)
    env.close()
    return counts


def shown(env):
    """The last two frames, and the next one if no button is pressed."""
    frames = [frame for frame in (env._frame_before, env._screen()) if frame is not None]
    here = env.checkpoint()
    env._ale.act(ale_py.Action.NOOP)
    frames.append(env._screen())
    before = env._frame_before
    env.restore(here)
    env._frame_before = before
    return frames


def note(found, thing, frames, colours):
    """Count one reported object."""
    offs = [offset(thing, frame, colours) for frame in frames]
    offs = [off for off in offs if off is not None]
    found["reported"] += 1
    if offs:
        nearest = min(offs, key=lambda off: max(map(abs, off)))
        found["seen"] += 1
        found["placed"] += bool(max(map(abs, nearest)) <= NEAR)
        found[f"off {round(nearest[0]):+d} {round(nearest[1]):+d}"] += 1


if __name__ == "__main__":
    for name in sys.argv[1:]:
        for what, found in measure(name).items():
            offs = ", ".join(f"{k[4:]}: {n}" for k, n in found.most_common(12) if k.startswith("off"))
            line = f"{name}: {what}: {found['placed']} of {found['seen']} seen of {found['reported']}"
            sys.stdout.write(f"{line}  ({offs})\n")
