import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    MessageRecord,
    ObservationRecord,
    ProgressRecord,
    RequestRecord,
    Start,
    Status,
    StepRecord,
    TurnRecord,
    UsageRecord,
    mend,
    read_episode,
    read_run,
)

HEADER = Header(
    episode="a/b/0000", suite="s", suite_version="1", task="babyai/goto", index=0, seed=7,
    agent="direct", resolved="direct(history=full)", model="scripted:x",
    config_hash="c", versions={}, started="2026-01-01",
)  # fmt: skip
PROGRESS = ProgressRecord(value=0.5, parts={"success": 0.0})
START = Start(instructions="play", observation=ObservationRecord(), hash="h0", progress=PROGRESS, max_steps=9)
END = End(
    ending=Ending.TRUNCATED, limit="steps", progress=PROGRESS, episode_return=1.0, steps=2, turns=2,
    usage=UsageRecord(input=3), cost=None, seconds=0.1, observation=ObservationRecord(),
)  # fmt: skip


def message(text):
    return MessageRecord(role="user", parts=({"text": text},))


def turn(index, *requests):
    calls = tuple(CallRecord(request=request, text="go") for request in requests)
    step = StepRecord(
        action="go", reward=0.5, terminated=False, truncated=False, progress=PROGRESS, hash=f"h{index}"
    )
    return TurnRecord(
        index=index, decision=DecisionRecord(actions=("go",), outcome="ok"), calls=calls, steps=(step,)
    )


def write(path, *lines):
    with EpisodeWriter(path) as writer:
        for line in lines:
            writer.write(line)
    return path


def test_what_is_written_is_read_back(tmp_path):
    path = write(tmp_path / "e.jsonl", HEADER, START, turn(0), turn(1), END)
    episode = read_episode(path)
    assert (episode.header, episode.start, episode.end) == (HEADER, START, END)
    assert episode.turns == [turn(0), turn(1)]
    assert episode.status is Status.DONE


def test_requests_are_given_back_in_full(tmp_path):
    first = RequestRecord(keep=0, add=(message("a"), message("b")))
    second = RequestRecord(keep=1, add=(message("c"),))
    path = write(tmp_path / "e.jsonl", HEADER, START, turn(0, first), turn(1, second))
    texts = [[m.parts[0]["text"] for m in messages] for _, _, messages in read_episode(path).requests()]
    assert texts == [["a", "b"], ["a", "c"]]


def test_a_failure_is_the_state_until_a_turn_follows_it(tmp_path):
    failure = Failure(turn=1, outcome="api_error", error="TransientError", message="503")
    path = write(tmp_path / "e.jsonl", HEADER, START, turn(0), failure)
    assert read_episode(path).status is Status.FAILED
    write(path, turn(1))
    assert read_episode(path).status is Status.UNFINISHED


@given(cut=st.integers(min_value=1, max_value=10_000))
def test_a_file_cut_anywhere_is_mended_to_whole_lines(tmp_path_factory, cut):
    path = write(tmp_path_factory.mktemp("cut") / "e.jsonl", HEADER, START, turn(0), turn(1), END)
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    kept = path.read_bytes()
    torn = bool(kept) and not kept.endswith(b"\n")
    assert mend(path) is torn
    assert whole.startswith(path.read_bytes())
    assert path.read_bytes() == b"" or path.read_bytes().endswith(b"\n")
    read_episode(path, tolerate_torn=False)


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: [lines[1]],
        lambda lines: [lines[0], lines[0]],
        lambda lines: [*lines, lines[2]],
        lambda lines: [lines[0], lines[1], lines[3]],
        lambda lines: [lines[0], b"{}\n"],
        lambda lines: [lines[0], b"\xff garbage\n"],
        lambda lines: [lines[0], b"\x00\x00\n", lines[1]],
        lambda lines: [lines[0].replace(b'"seed":7', b'"seed":"seven"')],
        lambda lines: [lines[0].replace(b'"schema_version":%d' % SCHEMA, b'"schema_version":99')],
        lambda lines: [lines[0].replace(b'"seed":7', b'"seed":7,"extra":1')],
    ],
)
def test_a_file_that_was_changed_is_refused_in_one_line(tmp_path, damage):
    path = write(tmp_path / "e.jsonl", HEADER, START, turn(0), turn(1), END)
    path.write_bytes(b"".join(damage(path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(InputError) as caught:
        read_episode(path)
    assert "e.jsonl" in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "e.jsonl"
    path.write_bytes(data)
    try:
        read_episode(path)
    except InputError:
        pass


def test_hostile_text_survives_as_it_is(tmp_path):
    text = "\x00 \u2028 </script> \x1b[31m \n"
    call = CallRecord(request=RequestRecord(), text=text)
    record = TurnRecord(index=0, decision=DecisionRecord(actions=(), outcome="parse_error"), calls=(call,))
    path = write(tmp_path / "e.jsonl", HEADER, START, record)
    assert path.read_bytes().count(b"\n") == 3
    assert read_episode(path).turns[0].calls[0].text == text


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no run\.json"):
        read_run(tmp_path)


def test_every_line_names_its_kind(tmp_path):
    path = write(tmp_path / "e.jsonl", HEADER, START, turn(0), END)
    kinds = [json.loads(line)["kind"] for line in path.read_text().splitlines()]
    assert kinds == ["header", "start", "turn", "end"]


def test_a_lone_surrogate_never_makes_a_file_unreadable(tmp_path):
    call = CallRecord(request=RequestRecord(), text="a\ud800b")
    record = TurnRecord(index=0, decision=DecisionRecord(actions=(), outcome="parse_error"), calls=(call,))
    path = write(tmp_path / "e.jsonl", HEADER, START, record)
    assert read_episode(path).turns[0].calls[0].text == "a?b"


def test_what_is_no_number_is_null(tmp_path):
    details = {"logprobs": [float("-inf"), float("nan"), -0.5]}
    record = turn(0).model_copy(
        update={"calls": (CallRecord(request=RequestRecord(), text="go", details=details),)}
    )
    path = write(tmp_path / "e.jsonl", HEADER, START, record)
    assert read_episode(path).turns[0].calls[0].details == {"logprobs": [None, None, -0.5]}
