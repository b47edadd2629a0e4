"""Progress by pictures: the places of a game are known again by a perceptual hash of what is seen.

A `Sight` is one such place: the hash of a picture, never the picture itself. `Watcher` looks at pictures
while a game runs, and tells which sights are before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

SIZE = 16
"""Rows and columns of a hash: 256 bits, 64 hexadecimal digits.

dHash (ImageHash 4.3.2), by what was measured on 69 pictures of seven places of the four games, with people,
texts and the mouse in them. Bits between two pictures of one place at most, and of two places at least:
dHash 47 and 96, pHash 92 and 94, wHash 36 and 74, aHash of 64 bits 12 and 12.
"""

WITHIN = 40
"""The bits by which a picture of a place may differ from its reference, unless the spec says otherwise.

References lie in the middle of their place: no picture of it was further from them than 28 bits."""

SEEN, LOOKS = 3, 4
"""A place counts as seen when so many of the last so many looks show it: a fade or a flicker is no visit."""

PREFIX = "sees_"
"""What the name of a sight becomes as a variable of the game: ``sees_street`` is 1 or 0."""


Crop = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels."""


class Sight(BaseModel):
    """A place, as a spec holds it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hash: Annotated[str, Field(pattern=f"^[0-9a-f]{{{SIZE * SIZE // 4}}}$")]
    within: int = Field(WITHIN, ge=0, le=SIZE * SIZE // 2)
    crop: Crop | None = Field(None, description="A part of the picture; absent: the whole.")


def hashed(picture: NDArray[np.uint8], crop: Crop | None = None) -> NDArray[np.bool_]:
    """The perceptual hash of a picture (H × W × 3), as 256 bits."""
    import imagehash
    from PIL import Image

    image = Image.fromarray(picture)
    found = imagehash.dhash(image.crop(crop) if crop is not None else image, hash_size=SIZE)
    bits: NDArray[np.bool_] = found.hash.ravel()
    return bits


def written(bits: NDArray[np.bool_]) -> str:
    """A hash as a spec holds it."""
    return np.packbits(bits).tobytes().hex()


def bits_of(text: str) -> NDArray[np.bool_]:
    """The bits of a hash as a spec holds it."""
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8)).astype(bool)


def distance(one: str, other: str) -> int:
    """The bits by which two hashes differ."""
    return int(np.count_nonzero(bits_of(one) != bits_of(other)))


def crop_name(crop: Crop | None) -> str:
    """How a crop is written where hashes are kept by crop: ``left,top,right,bottom``, empty for the whole."""
    return ",".join(map(str, crop or ()))


def hashes(picture: NDArray[np.uint8], sights: Mapping[str, Sight]) -> dict[str, str]:
    """The hash of a picture for the whole and for each crop that the sights use, by `crop_name`."""
    crops = {None, *(sight.crop for sight in sights.values())}
    return {crop_name(crop): written(hashed(picture, crop)) for crop in crops}


def confusions(sights: Mapping[str, Sight], others: Iterable[Mapping[str, str]] = ()) -> list[str]:
    """Why a set of sights cannot be told apart, a line each; `others` are `hashes` of anything else.

    Two of them must lie further apart than both may be off together, so that no picture can be both; pictures
    of anything else must lie outside of each.
    """
    found = []
    for (name, one), (other, two) in combinations(sorted(sights.items()), 2):
        apart = distance(one.hash, two.hash)
        if one.crop == two.crop and apart <= one.within + two.within:
            found.append(f"{name} and {other} are {apart} bits apart, within {one.within} + {two.within}")
    pictures = list(others)
    for name, sight in sorted(sights.items()):
        near = min((distance(sight.hash, each[crop_name(sight.crop)]) for each in pictures), default=None)
        if near is not None and near <= sight.within:
            found.append(f"{name} is {near} bits from a picture of something else, within {sight.within}")
    return found


class Watcher:
    """Looks at pictures one after the other and says which places they show."""

    def __init__(self, sights: Mapping[str, Sight]) -> None:
        self._sights = {name: (bits_of(sight.hash), sight) for name, sight in sights.items()}
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self._looks: dict[str, deque[bool]] = {name: deque(maxlen=LOOKS) for name in self._sights}

    def look(self, picture: NDArray[np.uint8]) -> None:
        """See one more picture."""
        crops = {sight.crop for _, sight in self._sights.values()}
        now = {crop: hashed(picture, crop) for crop in crops}
        for name, (bits, sight) in self._sights.items():
            off = np.count_nonzero(now[sight.crop] != bits)
            self._looks[name].append(bool(off <= sight.within))

    def seen(self, name: str) -> bool:
        """Whether enough of the last looks showed a place."""
        return sum(self._looks[name]) >= SEEN

    def variables(self) -> dict[str, float]:
        """1 or 0 for each place, by the names that milestones use."""
        return {PREFIX + name: float(self.seen(name)) for name in self._sights}
