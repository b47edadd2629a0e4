"""Videos of episodes: what is on them, that they are whole, and that nothing piles up on the way."""

import gc
import json
import resource
import weakref
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ludometer_test_runs import run
from PIL import Image, ImageDraw

from harness import video
from harness.errors import InputError
from harness.records import read_episode
from harness.replay import moments
from harness.spec import RunSpec
from harness.video import _film, _text
from harness.video._card import Card, Words, cards
from harness.video._film import Film
from harness.video._layout import layout
from harness.video._picture import Painter, _shares
from harness.video._text import Face, face, fitted
from harness.world import World

ANSWERS = "scripted:I turn left.\nAction: turn left,I go.\nAction: go forward,fly away"
KINDS = ("mp4", "gif", "webm")


def recorded(folder, task, *agents, steps=6, **more):
    spec = RunSpec(tasks=(task,), agents=agents, episodes=1, limits={"steps": steps}, **more)
    assert not run(folder, spec).failed
    return [read_episode(file) for file in sorted((folder / "episodes").rglob("*.jsonl"))]


@pytest.fixture(scope="module")
def episode(tmp_path_factory):
    """Turns with words, some of them lost."""
    folder = tmp_path_factory.mktemp("video") / "run"
    (found,) = recorded(folder, "babyai/goto", "cot", models=(ANSWERS,))
    assert any(not turn.steps for turn in found.turns)
    return found


def everything(episode):
    return range(len(episode.turns))


def drawn(episode, scale=None):
    """All cards with their pictures."""
    shown = list(cards(episode, moments(episode, observe="both"), everything(episode)))
    painter = Painter(shown[0].seen, scale)
    return painter.layout, [(card, painter.draw(card)) for card in shown]


def decoded(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def apart(frame, picture):
    """How far the colours of two pictures are from one another."""
    return np.abs(frame.astype(np.int16) - np.asarray(picture).astype(np.int16))


def where(at, image):
    """The place of a picture on a frame."""
    height, width = (size * at.scale for size in image.shape[:2])
    left = at.game.left + (at.game.width - width) // 2
    top = at.game.top + (at.game.height - height) // 2
    return np.s_[top : top + height, left : left + width]


# ------------------------------------------------------------------------------------------- the file


@pytest.mark.parametrize("kind", KINDS)
def test_each_format_can_be_read_and_shows_the_game(episode, tmp_path, kind):
    path = tmp_path / f"out.{kind}"
    made = video.write_video(episode, path, turns=everything(episode), speed=4)
    at, shown = drawn(episode)
    frames = decoded(path)
    assert made.frames == len(frames) == len(shown) + 7  # the end is shown for two seconds
    assert (made.width, made.height) == (1280, 720)
    assert {frame.shape for frame in frames} == {(720, 1280, 3)}
    assert path.stat().st_mode & 0o777 == 0o644
    expected = [*shown, *[shown[-1]] * 7]
    assert len(expected) == len(frames)
    for frame, (card, picture) in [*zip(frames, expected, strict=True)][:: len(frames) // 3]:
        assert len(Image.fromarray(frame).getcolors(1 << 24)) > 20
        difference = apart(frame, picture)
        game = difference[where(at, card.seen.image)]
        assert game.mean() < (1 if kind == "gif" else 4)
        assert difference.mean() < (1 if kind == "gif" else 4)
    with av.open(str(path)) as container:
        assert container.streams.video[0].average_rate == 4
        assert abs(container.duration / 1e6 - len(frames) / 4) < 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_episode_gives_the_same_video(episode, tmp_path, kind):
    paths = [tmp_path / f"{name}.{kind}" for name in ("one", "two")]
    for path in paths:
        video.write_video(episode, path, turns=range(2))
    one, two = map(decoded, paths)
    assert np.array_equal(one, two)
    if kind == "gif":
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_only_the_turns_that_are_wanted_are_filmed(episode, tmp_path):
    made = video.write_video(episode, tmp_path / "a.gif", turns=range(2, 4))
    assert made.frames == 2
    _, shown = drawn(episode)
    for frame, (_, picture) in zip(decoded(tmp_path / "a.gif"), shown[2:4], strict=True):
        assert apart(frame, picture).mean() < 1


def test_one_frame_at_a_time_is_in_memory(episode, tmp_path, monkeypatch):
    made, most = [], []
    draw = Painter.draw

    def drawn(painter, card):
        gc.collect()
        most.append(sum(image() is not None for image in made))
        image = draw(painter, card)
        made.append(weakref.ref(image))
        return image

    monkeypatch.setattr(Painter, "draw", drawn)
    video.write_video(episode, tmp_path / "a.mp4", turns=everything(episode))
    assert len(most) > 5
    assert max(most) <= 1  # the one before


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_memory_does_not_grow_with_the_episode(episode, tmp_path, kind):
    import psutil

    turns = [turn.model_copy(update={"index": index, "steps": ()}) for index, turn in
             enumerate(episode.turns * 200)]  # fmt: skip
    long = episode.model_copy(update={"turns": turns[:600]})
    used = []

    def watch(shown):
        for number, card in enumerate(shown):
            if number in (150, 590):
                used.append(psutil.Process().memory_info().rss)
            yield card

    video.write_video(long, tmp_path / f"a.{kind}", turns=everything(long), watch=watch)
    assert used[1] - used[0] < 20e6


def test_what_fails_leaves_what_was_there(episode, tmp_path):
    lines = [json.loads(line) for line in episode.path.read_text().splitlines()]
    lines[6]["steps"] = [{**step, "hash": "0" * 32} for step in lines[6]["steps"]]
    assert lines[6]["steps"], "the turn moves nothing; choose another"
    (tmp_path / "0000.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    wrong = read_episode(tmp_path / "0000.jsonl")
    (tmp_path / "a.mp4").write_text("mine")
    with pytest.raises(InputError, match="no longer gives what was recorded"):
        video.write_video(wrong, tmp_path / "a.mp4", turns=everything(wrong))
    assert (tmp_path / "a.mp4").read_text() == "mine"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0000.jsonl", "a.mp4"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_is_full_is_one_line_and_leaves_nothing(episode, tmp_path, kind):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
    try:
        with pytest.raises(InputError, match="cannot write") as raised:
            video.write_video(episode, tmp_path / f"a.{kind}", turns=everything(episode))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_what_goes_wrong_in_the_game_is_not_taken_for_a_full_disk(episode, tmp_path, monkeypatch):
    def broken(*_):
        raise OSError("the engine's own file is gone")

    monkeypatch.setattr(World, "advance", broken)
    with pytest.raises(OSError, match="the engine's own"):
        video.write_video(episode, tmp_path / "a.mp4", turns=everything(episode))
    assert not list(tmp_path.iterdir())


def test_without_the_best_encoder_another_one_does(tmp_path, monkeypatch):
    monkeypatch.setitem(_film._ENCODERS, "mp4", {"libnone": {}, **_film._ENCODERS["mp4"]})
    monkeypatch.delitem(_film._ENCODERS["mp4"], "libx264")
    with Film(tmp_path / "a.mp4", Fraction(2), (320, 240)) as film:
        film.add(Image.new("RGB", (320, 240), (200, 30, 30)))
    assert (film.encoder, film.best) == ("mpeg4", False)
    (frame,) = decoded(tmp_path / "a.mp4")
    assert np.abs(frame.mean(axis=(0, 1)) - (200, 30, 30)).max() < 5
    monkeypatch.setitem(_film._ENCODERS, "mp4", {"libnone": {}})
    with pytest.raises(InputError, match=r"no encoder for \.mp4; try another ending"):
        Film(tmp_path / "b.mp4", Fraction(2), (320, 240))


@pytest.mark.parametrize("speed", [0.01, 0.3, 50])
def test_any_speed_is_a_rate(episode, tmp_path, speed):
    video.write_video(episode, tmp_path / "a.mp4", turns=range(2), speed=speed)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert float(container.streams.video[0].average_rate) == pytest.approx(speed)


def test_who_explains_is_given_time_to_be_read(episode, tmp_path):
    assert video.pace(episode) == 4.0
    call = episode.turns[1].calls[0].model_copy(update={"reasoning": "because " * 20})
    turns = [episode.turns[0], episode.turns[1].model_copy(update={"calls": (call,)})]
    assert video.pace(episode.model_copy(update={"turns": turns})) == 1.0


# ------------------------------------------------------------------------------------ what is on a frame


@pytest.mark.parametrize(
    ("task", "observe", "scale"),
    [("babyai/goto", "text", 4), ("atari/alien", "image", 3), ("nethack/NetHackScore-v0", "text", 1)],
)
def test_pictures_are_enlarged_without_blur(tmp_path, task, observe, scale):
    (found,) = recorded(tmp_path / "run", task, "random", steps=2, observe=observe)
    at, shown = drawn(found)
    assert at.scale == scale
    for card, picture in shown:
        exact = np.repeat(np.repeat(card.seen.image, scale, axis=0), scale, axis=1)
        assert np.array_equal(np.asarray(picture)[where(at, card.seen.image)], exact)


def test_a_picture_of_another_size_fits_into_the_same_place():
    first = np.full((402, 1264, 3), 90, dtype=np.uint8)
    painter = Painter(observed(first), None)
    for shape in ((528, 960, 3), (10, 10, 3), (3000, 20, 3), (1, 1, 3)):
        image = np.full(shape, 255, dtype=np.uint8)
        frame = np.asarray(painter.draw(card(seen=observed(image))))
        at = painter.layout.game
        assert frame.shape == (720, 1280, 3)
        assert (frame[: at.height] == 255).all(axis=2).sum() >= 1


def observed(image=None, **sections):
    from games.api import Observation, Section

    return Observation(tuple(Section(name, text) for name, text in sections.items()), image)


def card(**changes):
    facts = {
        "seen": observed(map="###\n#.#"), "task": "a/b", "entrant": "cot @ x:y", "place": "turn 1 of 2",
        "tokens": 5, "progress": 0.5, "episode_return": 1.0, "words": (), "deed": "go", "notes": ("x",),
        "kind": "done", **changes,
    }  # fmt: skip
    return Card(**facts)


def test_the_books_on_the_cards_are_those_of_the_end(episode):
    shown = list(cards(episode, moments(episode, observe="text"), everything(episode)))
    assert len(shown) == sum(max(1, len(turn.steps)) for turn in episode.turns) + 1
    end, last = episode.end, shown[-1]
    assert last.tokens == end.usage.input + end.usage.output > 0
    assert last.episode_return == end.episode_return
    assert last.progress == end.progress.value
    assert f"step {end.steps}" in last.place
    assert [card.tokens for card in shown] == sorted(card.tokens for card in shown)


def test_turns_that_moved_nothing_look_lost(episode):
    shown = list(cards(episode, moments(episode, observe="text"), everything(episode)))
    for each, turn in zip(shown[:-1], episode.turns, strict=True):
        assert (each.kind == "lost") == (not turn.steps)
        if not turn.steps:
            assert each.deed == "no action"
            assert each.notes[0].startswith("lost: " + turn.decision.outcome.replace("_", " "))
        else:
            assert each.deed == turn.steps[0].action
        assert turn.calls[-1].text in [words.text for words in each.words]


def test_a_plan_tells_how_far_it_is_and_where_it_was_cut(tmp_path):
    plan = "scripted:Actions:\nturn left\nturn left\ngo forward"
    (found,) = recorded(tmp_path / "run", "babyai/goto", "plan(stop=never)", steps=5, models=(plan,))
    shown = list(cards(found, moments(found, observe="text"), everything(found)))
    assert [each.notes[-1] for each in shown[:-1]] == [
        "action 1 of the 3 planned", "action 2 of the 3 planned", "action 3 of the 3 planned",
        "action 1 of the 3 planned", "action 2 of the 3 planned, then cut off: the end",
    ]  # fmt: skip
    assert len({each.tokens for each in shown[:3]}) == 1  # one call, counted once


def test_failures_are_shown_where_they_were(episode, tmp_path):
    lines = episode.path.read_text().splitlines(keepends=True)
    failure = {"kind": "failure", "turn": 1, "outcome": "timeout", "error": "E", "message": "no answer"}
    before, last = failure, {**failure, "turn": 3, "message": "the server is gone"}
    (tmp_path / "a.jsonl").write_text(
        "".join([*lines[:3], json.dumps(before) + "\n", *lines[3:5], json.dumps(last) + "\n"])
    )
    found = read_episode(tmp_path / "a.jsonl")
    shown = list(cards(found, moments(found, observe="text"), everything(found)))
    assert len(shown) == 4
    assert [[w.text for w in each.words if w.kind == "bad"] for each in shown] == [
        [], ["no answer"], [], ["the server is gone"]
    ]  # fmt: skip
    assert (shown[-1].kind, shown[-1].deed) == ("lost", "failed")


def test_the_end_says_why_and_what_is_taken_along(tmp_path):
    (found,) = recorded(
        tmp_path / "run", "babyai/goto", "reflexion(trials=1)", steps=1, models=("scripted:turn left",)
    )
    *_, last = cards(found, moments(found, observe="text"), everything(found))
    assert (last.kind, last.deed) == ("end", f"truncated: the limit of {found.end.limit}")
    assert any("taken along" in words.title for words in last.words)
    assert last.tokens == found.end.usage.input + found.end.usage.output
    assert f"progress {found.end.progress.value:.3f}" in last.words[0].text


def test_a_game_without_pictures_is_shown_in_its_words(tmp_path):
    (found,) = recorded(
        tmp_path / "run",
        "gymnasium/ludometer_test_worlds:TestCounter-v0",
        "direct",
        models=("scripted:calm",),
    )
    path = tmp_path / "a.gif"
    video.write_video(found, path, turns=everything(found))
    at, shown = drawn_words(found)
    frames = decoded(path)
    for frame, (_, picture) in zip(frames, shown, strict=False):
        place = np.s_[at.game.top : at.game.top + at.game.height, at.game.left : at.game.left + at.game.width]
        words = frame[place]
        assert (words.max(axis=2) > 150).sum() > 50, "no words"
        assert apart(words, np.asarray(picture)[place]).mean() < 1
    assert not np.array_equal(frames[0], frames[1])


def drawn_words(episode):
    shown = list(cards(episode, moments(episode, observe="text"), everything(episode)))
    painter = Painter(shown[0].seen, None)
    return painter.layout, [(each, painter.draw(each)) for each in shown]


# --------------------------------------------------------------------------------- whatever is written


HOSTILE = (
    "\x00\x1b[31m\u202e RTL עברית العربية 日本語 🙂👩\u200d👩 \ud800 z\u0337a\u0337 ﷺ \ufeff\u2028 "
    + "x" * 3000 + "\n" * 500 + "A" * 10_000_000
)  # fmt: skip


def test_nothing_that_is_written_breaks_a_frame():
    painter = Painter(observed(words=HOSTILE), None)
    words = tuple(Words(HOSTILE[:50], HOSTILE, kind) for kind in ("thought", "said", "bad", "result"))
    frame = painter.draw(
        card(seen=observed(**{"a\x00b": HOSTILE}), task=HOSTILE, entrant=HOSTILE, place=HOSTILE[:3000],
             words=words, deed=HOSTILE, notes=(HOSTILE,) * 3, tokens=10**30, progress=float("nan"),
             episode_return=float("-inf"))
    )  # fmt: skip
    assert frame.size == (1280, 720)


@pytest.fixture(params=["system", "own"])
def fonts(request, monkeypatch):
    """With the fonts of this machine, and with Pillow's own alone."""
    if request.param == "own":
        monkeypatch.setattr(_text, "_FILES", {"text": (), "fixed": ()})
    face.cache_clear()
    yield request.param
    face.cache_clear()


@pytest.mark.parametrize("kind", ["text", "fixed"])
def test_every_text_fits_its_box(fonts, kind):
    font = Face(16, kind)
    canvas = ImageDraw.Draw(Image.new("RGB", (300, 100)))

    @settings(max_examples=25, deadline=None)
    @example("00\x1f\x1f\U00015eef\t0", 3, 88)  # blanks at the end of a line
    @given(st.text(max_size=300), st.integers(0, 5), st.integers(40, 300))
    def check(text, most, width):
        lines = fitted(text, font, width, most)
        assert len(lines) <= most
        assert all("\n" not in line and font.width(line) <= width for line in lines)
        for line in lines:
            font.draw(canvas, (0, 0), line, (255, 255, 255))

    check()


def test_what_is_cut_says_so_and_what_is_not_stays(fonts):
    font = face(16)
    words = "one two three four five six seven eight nine ten " * 3
    whole = fitted(words, font, 200, 100)
    assert " ".join(" ".join(whole).split()) == words.strip()
    cut = fitted(words, font, 200, 3)
    assert cut[:2] == whole[:2]
    assert cut[2].endswith("…")
    assert cut[2][:-1] and whole[2].startswith(cut[2][:-1])


def test_what_the_font_lacks_is_drawn_as_the_nearest_or_a_box(fonts):
    font = face(16)
    assert font.drawable("plain ASCII ~#@|") == "plain ASCII ~#@|"
    assert set(font.drawable("東\uffff\U000e0001")) <= {"□", "?", *"東"}
    if fonts == "own":
        assert font.drawable("Grüße – ×") == "Gruse - x"


def test_a_map_stays_a_map(fonts):
    """Every character in its column."""
    font = Face(16, "fixed")
    assert font.width("i" * 40) == font.width("W" * 40)
    printable = "".join(map(chr, range(32, 127)))
    assert font.drawable(printable) == printable


@given(st.lists(st.integers(0, 1000), max_size=5), st.integers(-50, 2000))
def test_room_is_shared_out(wanted, room):
    given_ = _shares(wanted, room)
    assert all(0 <= got <= want for got, want in zip(given_, wanted, strict=True))
    assert sum(given_) <= max(room, 0)
    if sum(wanted) <= room:
        assert given_ == wanted


@given(st.integers(1, 2000), st.integers(1, 2000), st.none() | st.integers(1, 4))
def test_nothing_stands_over_anything_else(height, width, scale):
    try:
        at = layout((height, width, 3), scale)
    except InputError as error:
        assert "use a smaller --scale" in str(error)
        return
    assert (at.width % 2, at.height % 2) == (0, 0)
    assert at.width >= 1280 and at.height >= 720
    assert at.game.width >= width * at.scale and at.game.height >= height * at.scale
    assert at.scale == scale or scale is None
    covered = np.zeros((at.height, at.width), dtype=np.uint8)
    for box in (at.game, at.head, at.words, at.deed):
        assert box.width > 0 and box.height > 0
        left, top, right, bottom = box.corners
        assert min(left, top) >= 0 and right < at.width and bottom < at.height
        covered[top : bottom + 1, left : right + 1] += 1
    assert covered.max() == 1
