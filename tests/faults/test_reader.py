"""Whatever became of an episode's file: it is read, or refused in one line; mending loses no whole line."""

import gzip
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from harness.errors import InputError
from harness.records import (
    SCHEMA,
    CallRecord,
    DecisionRecord,
    End,
    Ending,
    EpisodeWriter,
    Failure,
    Header,
    Line,
    MemoryRecord,
    ObservationRecord,
    ProgressRecord,
    RequestRecord,
    Start,
    StepRecord,
    TurnRecord,
    UsageRecord,
    episode_files,
    iter_run,
    mend,
    read_episode,
    read_outline,
    to_json,
)

LINE = TypeAdapter(Line)
PROGRESS = ProgressRecord(value=0.5, parts={"success": 0.0})
HEADER = Header(
    episode="a/b/0000", suite="s", suite_version="1", task="babyai/goto", index=0, seed=7, agent="direct",
    resolved="direct", model="scripted:x", config_hash="c", versions={}, started="2026-01-01",
)  # fmt: skip
START = Start(instructions="play", observation=ObservationRecord(), hash="h", progress=PROGRESS, max_steps=9)
FAILURE = Failure(turn=1, outcome="api_error", error="TransientError", message="503 \u2028 é")
MEMORY = MemoryRecord(content={"learned": ["a", 1, None]})
END = End(
    ending=Ending.TRUNCATED, limit="steps", progress=PROGRESS, episode_return=1.0, steps=2, turns=2,
    usage=UsageRecord(input=3), cost=None, seconds=0.1, observation=ObservationRecord(),
)  # fmt: skip


def turn(index, text="the end"):
    step = StepRecord(
        action="go", reward=0.5, terminated=False, truncated=False, progress=PROGRESS, hash=f"h{index}"
    )
    calls = (CallRecord(request=RequestRecord(), text=text),)
    decision = DecisionRecord(actions=("go",), outcome="ok")
    return TurnRecord(index=index, decision=decision, calls=calls, steps=(step,))


LINES = [to_json(line) + b"\n" for line in (HEADER, START, turn(0), FAILURE, turn(1), MEMORY, END)]
WHOLE = b"".join(LINES)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "0000.jsonl"


def refused(path):
    with pytest.raises(InputError) as caught:
        read_episode(path)
    said = str(caught.value)
    assert "\n" not in said
    assert str(path) in said
    return said.removeprefix(str(path))


# ------------------------------------------------------------------------------- lines out of place


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([START], "line 1: start before any header"),
        ([HEADER, HEADER], "line 2: a second header"),
        ([HEADER, START, START], "line 3: a second start"),
        ([HEADER, turn(0)], "line 2: turn before the start"),
        ([HEADER, MEMORY], "line 2: memory before the start"),
        ([HEADER, END], "line 2: end before the start"),
        ([HEADER, START, turn(1)], "line 3: turn 1 stands where turn 0 should"),
        ([HEADER, START, turn(0), turn(0)], "line 4: turn 0 stands where turn 1 should"),
        ([HEADER, START, turn(0), MEMORY, turn(1)], "line 5: a turn after the memory"),
        ([HEADER, START, MEMORY, MEMORY], "line 4: a second memory"),
        ([HEADER, START, turn(0), turn(1), END, FAILURE], "line 6: failure after the end"),
        ([HEADER, START, turn(0), END], "line 4: the end tells of 2 turns, but 1 came before it"),
    ],
)
def test_a_line_out_of_place_is_named_with_its_number(path, lines, words):
    path.write_bytes(b"".join(to_json(line) + b"\n" for line in lines))
    assert words in refused(path)


def test_an_episode_may_fail_before_its_start_and_go_on(path):
    path.write_bytes(b"".join([LINES[0], LINES[3], *LINES[1:]]))
    assert read_episode(path).end == END


# ---------------------------------------------------------------------------------- foreign files


FOREIGN = {
    "chat log": (b'{"role": "user", "content": "hi"}\n{"role": "assistant", "content": "ho"}\n', "no kind"),
    "chat log of one line without its end": (b'{"role": "user", "content": "hi"}', "not the beginning"),
    "other episodes": (b'{"kind": "reset", "obs": [1, 2]}\n', "no kind"),
    "other headers": (b'{"kind":"header","game":"chess"}\n', "Field required"),
    "a table": (b"task,run,score\na,1,0.5\n", "not JSON"),
    "a list": (b"[1, 2]\n", "not JSON"),
    "a number": (b"7\n", "not JSON"),
    "gzip": (gzip.compress(WHOLE), "gzip"),
    "a program": (b"\x7fELF\x02\x01\x01\x00\x00" + os.urandom(300), "not JSON"),
    "a program that begins as JSON": (b"{\x00\x01\x02" * 100, "not the beginning"),
    "pretty JSON": (b'{\n  "kind": "header"\n}\n', "not JSON"),
    "with a byte order mark": (b"\xef\xbb\xbf" + WHOLE, "not JSON"),
    "a blank line": (b"\n" + WHOLE, "not JSON"),
    "UTF-16": (WHOLE.decode().encode("utf-16"), "not JSON"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_file_is_refused_and_left_as_it_is(path, name):
    data, words = FOREIGN[name]
    path.write_bytes(data)
    said = refused(path)
    assert said.startswith(", line 1: ")
    assert words in said
    assert "take it out of the run folder" in said
    for function in (mend, read_outline):
        with pytest.raises(InputError):
            function(path)
    assert path.read_bytes() == data


def test_a_newer_file_is_told_as_such_whatever_its_fields(path):
    newer = LINES[0].replace(b'"schema_version":%d' % SCHEMA, b'"schema_version":99,"new_field":1')
    for lines in (newer, newer[:-1], newer + b'{"kind":"novelty"}\n{"kind":"torn'):
        path.write_bytes(lines)
        for function in (read_episode, read_outline, mend):
            with pytest.raises(InputError, match=r"written by a newer Ludometer \(schema 99\)"):
                function(path)
        assert path.read_bytes() == lines


def test_what_cannot_be_opened_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot read .*: Is a directory"):
        read_episode(tmp_path)
    with pytest.raises(InputError, match="cannot read .*: No such file"):
        read_outline(tmp_path / "none.jsonl")


def test_names_in_a_file_cannot_break_the_line_or_steer_a_terminal(path):
    path.write_bytes(LINES[0].replace(b'"seed":7', b'"seed":7,"a\\nerror: \\u001b[31m\\u202e":1'))
    said = refused(path)
    assert "\\nerror" in said
    assert said.isprintable()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", '"7"', "true", "7.5", "null"])
def test_what_is_no_number_is_refused(path, number):
    path.write_bytes(LINES[0].replace(b'"seed":7', b'"seed":' + number.encode()) + LINES[1])
    assert "seed" in refused(path)
    path.write_bytes(LINES[0] + LINES[1].replace(b'"value":0.5', b'"value":' + number.encode()))
    if number != "7.5":
        assert "progress.value" in refused(path)


# -------------------------------------------------------------------------------- torn last lines


@pytest.mark.parametrize("whole", [0, 1, 3, 7])
@pytest.mark.parametrize(
    "tail",
    [b"\0" * 5000, b'{"kind":"header","sch' + b"\0" * 100, b'{"kind":"header","a":\0\0\0\n', b"\0\n\0\n\0"],
)
def test_a_tail_of_nuls_is_a_torn_line(path, whole, tail):
    path.write_bytes(b"".join(LINES[:whole]) + tail)
    before = read_episode(path)
    assert (read_outline(path) is None) == (before is None)
    assert mend(path)
    assert path.read_bytes() == b"".join(LINES[:whole])
    assert read_episode(path, tolerate_torn=False) == before
    assert not mend(path)


def test_nuls_before_whole_lines_are_damage_and_stay(path):
    data = b"".join(LINES[:2]) + b"\0" * 4096 + b"".join(LINES[3:])
    path.write_bytes(data)
    assert "line 3: NUL bytes" in refused(path)
    with pytest.raises(InputError, match="line 3: NUL bytes"):
        mend(path)
    assert path.read_bytes() == data


def test_a_last_line_that_lacks_its_line_feed_is_whole(path):
    path.write_bytes(WHOLE[:-1])
    assert read_episode(path, tolerate_torn=False).end == END
    assert read_outline(path).end == END
    assert mend(path)
    assert path.read_bytes() == WHOLE


@pytest.mark.parametrize("size", [10, 40_000, 3_000_000])
def test_the_outline_finds_the_last_line_however_long_lines_are(path, size):
    with EpisodeWriter(path) as writer:
        for line in (HEADER, START, turn(0, "x" * size)):
            writer.write(line)
    assert read_outline(path) == (HEADER, None)
    with EpisodeWriter(path) as writer:
        writer.write(turn(1))
        writer.write(END.model_copy(update={"observation": ObservationRecord(image="é" * size)}))
    whole = path.read_bytes()
    assert read_outline(path).end.turns == 2
    path.write_bytes(whole + to_json(turn(2, "x" * size))[:-3])  # torn, as long again
    assert read_outline(path).end.turns == 2
    path.write_bytes(whole[: -size // 2])
    assert read_outline(path) == (HEADER, None)


def test_an_empty_file_has_no_header_yet(path):
    path.touch()
    assert (read_outline(path), read_episode(path), mend(path)) == (None, None, False)


# -------------------------------------------------------------------------------------------- fuzz


@st.composite
def damaged(draw):
    """A valid file with up to three things done to it."""
    data = WHOLE
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        size = draw(st.sampled_from([1, 2, 7, 64, 300, 512]))
        lines = data.split(b"\n")
        one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        match draw(st.sampled_from(DAMAGES)):
            case "flip":
                data = data[:at] + bytes(byte ^ 1 << draw(st.integers(0, 7)) for byte in data[at : at + 1])
                data += WHOLE[at + 1 :] if draw(st.booleans()) else b""
            case "cut":
                data = data[:at]
            case "cut the middle":
                data = data[:at] + data[at + size :]
            case "insert":
                data = data[:at] + draw(st.binary(max_size=8)) + data[at:]
            case "a lost page":
                data = data[:at] + b"\0" * len(data[at : at + size]) + data[at + size :]
            case "a lost tail":
                data = data[:at] + b"\0" * size
            case "twice":
                data = b"\n".join([*lines[: one + 1], *lines[one:]])
            case "dropped":
                data = b"\n".join(lines[:one] + lines[one + 1 :])
            case "swapped":
                lines[one], lines[other] = lines[other], lines[one]
                data = b"\n".join(lines)
            case "DOS":
                data = data.replace(b"\n", b"\r\n")
            case "no last line feed":
                data = data.rstrip(b"\n")
    return data


DAMAGES = [
    "flip", "cut", "cut the middle", "insert", "a lost page", "a lost tail", "twice", "dropped", "swapped",
    "DOS", "no last line feed",
]  # fmt: skip


def attempt(function, *arguments, **options):
    """The result, or the words of the one clear line."""
    try:
        return function(*arguments, **options)
    except InputError as error:
        assert "\n" not in str(error)
        return str(error)


def is_line(raw):
    try:
        LINE.validate_json(raw, strict=True)
    except ValidationError:
        return False
    return True


def holds(path, data):
    """Reads, or refuses; the outline agrees; mending loses nothing that is whole and changes no reading."""
    path.write_bytes(data)
    episode, outline = attempt(read_episode, path), attempt(read_outline, path)
    if not isinstance(episode, str):
        assert outline == (None if episode is None else (episode.header, episode.end))
    mended = attempt(mend, path)
    after = path.read_bytes()
    if mended in (False, True):
        assert mended == (after != data)
        assert after == data + b"\n" or data.startswith(after)
        assert not any(map(is_line, data[len(after) :].split(b"\n")))
        assert attempt(read_episode, path, tolerate_torn=False) == episode
    else:
        assert after == data
        assert isinstance(episode, str)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=damaged())
def test_a_damaged_file_is_read_or_refused_and_mended_without_loss(path, data):
    holds(path, data)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300) | st.binary(max_size=100).map(LINES[0].__add__))
def test_any_bytes_are_read_or_refused(path, data):
    holds(path, data)


# ------------------------------------------------------------------------------------- run folders


@pytest.mark.tampers
def test_a_run_is_read_one_episode_at_a_time_and_stops_at_the_bad_one(tmp_path):
    folder = tmp_path / "run"
    (folder / "episodes" / "a" / "t").mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    for index, data in enumerate([WHOLE, b"", WHOLE, b"task,run\n", WHOLE]):
        (folder / "episodes" / "a" / "t" / f"{index:04d}.jsonl").write_bytes(data)
    (folder / "episodes" / "a" / "t" / "0000.calls").write_bytes(b"not an episode")
    (folder / "episodes" / "a" / "t" / "0000.mismatch-1").write_bytes(b"not an episode")
    assert [file.name for file in episode_files(folder)] == [f"{n:04d}.jsonl" for n in range(5)]
    episodes = iter_run(folder)
    assert [next(episodes).path.name for _ in range(2)] == ["0000.jsonl", "0002.jsonl"]
    with pytest.raises(InputError, match=r"0003\.jsonl, line 1: not JSON"):
        next(episodes)


def test_a_folder_that_is_no_run_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(InputError, match=r"no run\.json"):
        iter_run(tmp_path)
