"""Places known again by their pictures, and references that are refused."""

import numpy as np
import pytest

from games.desktop._checkpoints import (
    LOOKS,
    SEEN,
    Sight,
    Watcher,
    bits_of,
    confusions,
    distance,
    hashed,
    written,
)

pytest.importorskip("imagehash", reason="needs ImageHash: pip install ludometer[desktop]")


def room(seed, shape=(200, 320)):
    """Blocks of random colours: a picture with large and small parts."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (10, 16, 3), dtype=np.uint8)
    return blocks.repeat(shape[0] // 10, axis=0).repeat(shape[1] // 16, axis=1)


def sight(seed, **more):
    return Sight(hash=written(hashed(room(seed))), **more)


def test_a_hash_survives_being_written():
    bits = hashed(room(1))
    assert (bits_of(written(bits)) == bits).all()
    assert distance(written(bits), written(~bits)) == bits.size


def test_a_place_is_known_with_somebody_in_it_and_another_is_not():
    watcher = Watcher({"here": sight(1), "there": sight(2)})
    picture = room(1)
    picture[80:120, 100:116] = 255
    for _ in range(SEEN):
        watcher.look(picture)
    assert watcher.variables() == {"sees_here": 1.0, "sees_there": 0.0}


def test_one_look_is_no_visit_and_one_miss_is_no_leaving():
    watcher = Watcher({"here": sight(1)})
    for number in range(SEEN):
        assert not watcher.seen("here"), number
        watcher.look(room(1))
    assert watcher.seen("here")
    watcher.look(room(2))
    assert watcher.seen("here")
    for _ in range(LOOKS - SEEN + 1):
        watcher.look(room(2))
    assert not watcher.seen("here")
    watcher.look(room(1))
    watcher.forget()
    assert not watcher.seen("here")


def test_only_what_lies_in_the_crop_counts():
    crop = (0, 0, 160, 200)
    watcher = Watcher({"left": Sight(hash=written(hashed(room(1), crop)), crop=crop)})
    picture = room(1)
    picture[:, 160:] = room(2)[:, 160:]
    for _ in range(SEEN):
        watcher.look(picture)
    assert watcher.seen("left")


def test_references_that_one_picture_could_match_both_are_refused():
    base = bits_of(sight(1).hash)
    near = base.copy()
    near[:100] ^= True
    sights = {"one": sight(1, within=50), "two": Sight(hash=written(near), within=50)}
    assert confusions(sights) == ["one and two are 100 bits apart, within 50 + 50"]
    sights["two"] = Sight(hash=written(near), within=49)
    assert confusions(sights) == []


def test_a_reference_near_to_something_else_is_refused():
    found = confusions({"one": sight(1, within=30)}, [{"": sight(1).hash}])
    assert found == ["one is 0 bits from a picture of something else, within 30"]
    assert confusions({"one": sight(1, within=30)}, [{"": sight(2).hash}]) == []


@pytest.mark.parametrize("text", ["", "ab", "g" * 64, "A" * 64])
def test_a_hash_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="hash"):
        Sight(hash=text)
