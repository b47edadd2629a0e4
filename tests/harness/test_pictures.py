"""The pictures that a run keeps: found by their name, and nothing else is."""

import numpy as np
import pytest

from games.api import Observation, Section, Stability
from harness.checkpoints import Keeper
from harness.convert import observation_record
from harness.pictures import name_of, place_of, read_file, read_picture
from harness.records import ObservationRecord
from harness.world import png

IMAGE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def kept(folder, data):
    place = place_of(folder, name_of(data))
    place.parent.mkdir(parents=True)
    place.write_bytes(data)
    return place


def test_a_picture_comes_back(tmp_path):
    kept(tmp_path, png(IMAGE))
    assert np.array_equal(read_picture(tmp_path, name_of(png(IMAGE))), IMAGE)


def test_another_picture_under_the_name_is_none(tmp_path):
    kept(tmp_path, png(IMAGE)).write_bytes(png(IMAGE + 1))
    assert read_picture(tmp_path, name_of(png(IMAGE))) is None


def test_what_is_no_picture_is_none(tmp_path):
    kept(tmp_path, b"no picture")
    assert read_file(tmp_path, name_of(b"no picture")) == b"no picture"
    assert read_picture(tmp_path, name_of(b"no picture")) is None


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "a\0b", "", "A" * 64])
def test_a_name_that_is_no_hash_leads_nowhere(tmp_path, name):
    folder = tmp_path / "run" / "pictures"
    secret = place_of(folder, name) if "\0" not in name and not name.startswith("/") else None
    if secret is not None:
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_bytes(png(IMAGE))
    assert read_picture(folder, name) is None
    record = ObservationRecord(sections=(), image=name)
    assert Keeper(tmp_path / "run" / "0001.jsonl", folder).recall(record).image is None


def test_an_observation_is_kept_and_recalled(tmp_path):
    seen = Observation((Section("map", "a wall", Stability.SLOW),), image=IMAGE)
    keeper = Keeper(tmp_path / "0001.jsonl", tmp_path / "pictures")
    keeper.keep_picture(seen)
    again = keeper.recall(observation_record(seen))
    assert again.sections == seen.sections
    assert np.array_equal(again.image, IMAGE)


def test_an_unknown_stability_is_refused_when_it_is_read():
    with pytest.raises(ValueError, match="stability"):
        ObservationRecord.model_validate_json(
            '{"sections": [{"name": "map", "text": "", "stability": "sometimes"}], "image": null}'
        )
