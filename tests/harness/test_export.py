"""Exports: tables that read back the same, conversations as they were asked, hostile text as data."""

import csv
import gc
import json
import shutil
import sys
import weakref
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from ludometer_test_runs import run

import harness.export._files as files
from harness.cli import main
from harness.export import STEPS, TURNS, Selection, write_chat, write_tables
from harness.export._files import plain_text
from harness.records import (
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
    StepRecord,
    TurnRecord,
    UsageRecord,
    iter_run,
    read_episode,
    read_run,
)
from harness.spec import RunSpec
from scorers.progress import COLUMNS, ProgressScorer

SCHEMA_1 = Path(__file__).parents[1] / "data" / "run-schema-1"
SPEC = RunSpec(
    tasks=("babyai/goto", "babyai/open"),
    agents=("direct", "vote(samples=2)", "reflexion(trials=2)", "random"),
    models=("scripted:go forward,turn left,nonsense,turn right",),
    episodes=2,
    limits={"steps": 5},
)

pytestmark = pytest.mark.tampers  # most runs here are made up by hand
HOSTILE = [
    "=HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "  =1+1", "＝1", "'quoted",
    "a\0b", "two\nlines\r\nand\rmore", 'say "hi", then', "\u2028\u2029\x85", "</script>",
    "\x1b[31m\u202e", "é日本🎲", "",
]  # fmt: skip


def cli(*arguments, code=0):
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    assert (stopped.value.code or 0) == code


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "run"
    assert run(folder, SPEC).failed == 0
    return folder


def episode(folder, index, texts, *, end=True, seed=7, picture=None, deterministic=True):
    """An episode made by hand: one turn a text, the last one lost; a step gives its number as reward."""
    header = Header(
        episode=f"a/t/{index:04d}", suite="s", suite_version="1", task="babyai/goto", index=index, seed=seed,
        agent="direct", resolved="direct", model="scripted:x", config_hash="c", versions={},
        started="2026-01-01", deterministic=deterministic,
    )  # fmt: skip
    at = [ProgressRecord(value=number / len(texts)) for number in range(len(texts) + 1)]
    seen = ObservationRecord()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text("{}")
    with EpisodeWriter(folder / "episodes" / f"{header.episode}.jsonl") as writer:
        writer.write(header)
        writer.write(Start(instructions="play", observation=seen, hash="h", progress=at[0], max_steps=99))
        for number, text in enumerate(texts):
            parts = ({"text": text}, {"image": picture}) if picture else ({"text": text},)
            add = (
                MessageRecord(role="user", parts=parts),
                MessageRecord(role="assistant", parts=({"text": text},)),
            )
            call = CallRecord(
                request=RequestRecord(keep=number, add=add), text=text, reasoning=text, cost=0.25
            )
            acts = number < len(texts) - 1
            step = StepRecord(
                action=text,
                reward=number,
                terminated=False,
                truncated=False,
                progress=at[number + 1],
                hash="h",
            )
            decision = DecisionRecord(
                actions=(text,) if acts else (), outcome="ok" if acts else "parse_error", text=text
            )
            writer.write(
                TurnRecord(index=number, decision=decision, calls=(call,), steps=(step,) if acts else ())
            )
        if end:
            total = float(sum(range(len(texts) - 1)))
            writer.write(
                End(
                    ending=Ending.TERMINATED, progress=at[-2], episode_return=total, steps=len(texts) - 1,
                    turns=len(texts), usage=UsageRecord(), cost=None, seconds=0.0, observation=seen,
                )
            )  # fmt: skip
        else:
            writer.write(Failure(turn=len(texts), outcome="api_error", error="TransientError", message="503"))
    return folder


@pytest.fixture
def hostile(tmp_path):
    return episode(tmp_path / "hostile", 0, HOSTILE)


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


# ------------------------------------------------------------------------------------------ tables


def test_a_folder_gets_the_three_tables_and_both_formats_hold_the_same(played, tmp_path):
    for form in ("csv", "parquet"):
        cli("export", played, "--to", tmp_path / "out", "--format", form)
    for name in ("episodes", "turns", "steps"):
        parquet = pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
        table = pd.read_csv(tmp_path / "out" / f"{name}.csv", keep_default_na=False, na_values=[""])
        assert list(parquet.columns) == list(table.columns)
        assert len(parquet) == len(table) > 0
        for column in parquet:
            ours, theirs = parquet[column], table[column]
            if column == "actions":
                assert [list(cell) for cell in ours] == [json.loads(cell) for cell in theirs]
            elif pd.api.types.is_numeric_dtype(ours):
                assert ours.tolist() == pytest.approx(theirs.tolist(), abs=0, rel=0, nan_ok=True)
            else:
                assert ours.fillna("").tolist() == theirs.astype(object).fillna("").astype(str).tolist()


def test_the_tables_hold_what_is_recorded(played, tmp_path):
    cli("export", played, "--to", tmp_path, "--format", "parquet")
    episodes, turns, steps = (
        pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("episodes", "turns", "steps")
    )
    recorded = read_run(played)
    assert len(episodes) == len(recorded) == 16
    assert len(turns) == sum(len(e.turns) for e in recorded)
    assert len(steps) == sum(len(t.steps) for e in recorded for t in e.turns)
    assert turns.groupby("episode")["reward"].sum().to_dict() == pytest.approx(
        {e.header.episode: e.end.episode_return for e in recorded}
    )
    assert turns.groupby("episode")["progress"].last().to_dict() == {
        e.header.episode: e.end.progress.value for e in recorded
    }
    assert set(turns["run"]) == {str(played)}
    assert steps.groupby("episode")["step"].apply(list).map(lambda n: n == list(range(len(n)))).all()
    assert set(turns.loc[turns["steps"] == 0, "outcome"]) == {"invalid_action"}
    calls = [len(turn.calls) for each in recorded for turn in each.turns]
    assert turns["calls"].tolist() == calls
    assert ((turns["input_tokens"] > 0) == (turns["calls"] > 0)).all()


def test_the_table_of_episodes_is_scores_csv(tmp_path):
    cli("export", SCHEMA_1, "--to", tmp_path / "e.csv")
    ours, theirs = pd.read_csv(tmp_path / "e.csv"), pd.read_csv(SCHEMA_1 / "scores.csv")
    assert list(ours.columns) == ["run", *COLUMNS]
    before = [name for name in theirs.columns if name != "path"]  # of an earlier version: it had fewer
    assert set(before) <= set(COLUMNS)
    pd.testing.assert_frame_equal(ours[before], theirs[before])


def test_types_are_the_schemas_also_where_a_column_is_empty(tmp_path):
    folder = episode(tmp_path / "run", 0, ["a", "b"], end=False)
    cli("export", folder, "--to", tmp_path, "--format", "parquet")
    table = pq.read_table(tmp_path / "episodes.parquet")
    types = {
        name: str(table.schema.field(name).type) for name in ("score", "ending", "binary", "seed", "cost")
    }
    assert types == {
        "score": "double",
        "ending": "string",
        "binary": "bool",
        "seed": "int64",
        "cost": "double",
    }
    assert table["score"].to_pylist() == [None]
    assert table["status"].to_pylist() == ["failed"]
    assert str(pq.read_schema(tmp_path / "turns.parquet").field("actions").type).startswith("list<")


def test_csv_is_safe_in_a_spreadsheet_and_gives_every_text_back(hostile, tmp_path):
    cli("export", hostile, "--to", tmp_path / "t.csv", "--what", "turns")
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(HOSTILE)
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.lstrip()[:1] in tuple("=+-@＝") or cell[:1] in ("\t", "\r")]
    back = [row["text"].removeprefix("'").replace("\u2400", "\0") for row in rows]
    assert back == HOSTILE
    assert [row["reward"] for row in rows][:3] == ["0.0", "1.0", "2.0"]  # numbers are as they were
    table = pd.read_csv(tmp_path / "t.csv", keep_default_na=False)
    assert [text.removeprefix("'").replace("\u2400", "\0") for text in table["text"]] == HOSTILE
    assert table["reward"].dtype == float


def test_what_is_computed_nowhere_stays_as_it_is():
    assert plain_text("go forward") == "go forward"
    assert plain_text("a=b") == "a=b"
    assert plain_text("'tis") == "''tis"


def test_parquet_is_written_in_row_groups_and_holds_any_text(hostile, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_ROWS", 4)
    write_tables(Selection((hostile,)), {tmp_path / "t.parquet": TURNS}, "parquet")
    made = pq.ParquetFile(tmp_path / "t.parquet")
    assert made.num_row_groups == -(-len(HOSTILE) // 4)
    assert made.read()["text"].to_pylist() == HOSTILE
    assert [actions for actions in made.read()["actions"].to_pylist() if actions] == [
        [t] for t in HOSTILE[:-1]
    ]


@pytest.mark.parametrize("write", ["csv", "parquet", "sft", "rl"])
def test_memory_holds_one_episode(tmp_path, monkeypatch, write):
    import harness.export._select as select

    folder = tmp_path / "run"
    for index in range(6):
        episode(folder, index, ["a", "b", "c"])
    made, alive = [], []

    def watched(path):
        gc.collect()
        alive.append(sum(ref() is not None for ref in made))
        read = read_episode(path)
        made.append(weakref.ref(read))
        return read

    monkeypatch.setattr(select, "read_episode", watched)
    if write in ("csv", "parquet"):
        write_tables(Selection((folder,)), {tmp_path / "s": STEPS, tmp_path / "t": TURNS}, write)
    else:
        write_chat(Selection((folder,)), tmp_path / "c", write)
    assert len(alive) == 6
    assert max(alive) <= 1


# -------------------------------------------------------------------------------------- selecting


def test_agents_tasks_and_progress_select(played, tmp_path):
    def ids(**wanted):
        return [(e.header.agent, e.header.task) for _, e in Selection((played,), **wanted)]

    assert len(ids()) == 16
    assert set(ids(agent="vote")) == set(ids(agent="vote(*)")) == set(ids(agent="vote* @ scripted*"))
    assert {agent for agent, _ in ids(agent="random")} == {"random"}
    assert {task for _, task in ids(task="*/open")} == {"babyai/open"}
    good = [e for e in read_run(played) if e.end.progress.value >= 0.5]
    assert len(ids(least=0.5)) == len(good)
    cli("export", played, played, "--to", tmp_path / "e.csv", "--agent", "direct", "--task", "babyai/goto")
    assert len(pd.read_csv(tmp_path / "e.csv")) == 2  # a run that is named twice is exported once


# -------------------------------------------------------------------------------------------- chat


def test_sft_is_each_request_and_its_raw_answer(played, tmp_path):
    cli("export", played, "--to", tmp_path / "t.jsonl", "--format", "sft")
    expected = []
    for each in iter_run(played):
        for index, call, messages in each.requests():
            if index is not None and each.turns[index].decision.outcome in ("ok", "repaired"):
                prompt = [{"role": m.role, "content": "".join(p["text"] for p in m.parts)} for m in messages]
                expected.append((prompt, [{"role": "assistant", "content": call.text}], index))
    made = lines(tmp_path / "t.jsonl")
    assert [(line["prompt"], line["completion"], line["turn"]) for line in made] == expected
    assert {message["role"] for line in made for message in line["prompt"]} == {"system", "user", "assistant"}
    assert all(line["prompt"][-1]["role"] == "user" for line in made)
    assert len({tuple(line) for line in made}) == 1  # one set of columns
    assert {line["call"] for line in made if line["agent"].startswith("vote")} == {0, 1}
    assert "reward" not in made[0]


def test_rl_has_rewards_returns_and_groups(tmp_path):
    folder = episode(tmp_path / "run", 0, ["a", "b", "c", "no action"])
    episode(folder, 1, ["x", "no action"])
    cli("export", folder, "--to", tmp_path / "out", "--format", "rl")
    first, *_ = made = lines(tmp_path / "out" / "rl.jsonl")
    assert [line["reward"] for line in made] == [0.0, 1.0, 2.0, 0.0, 0.0, 0.0]
    assert [line["return_to_go"] for line in made] == [3.0, 3.0, 2.0, 0.0, 0.0, 0.0]
    assert [line["return"] for line in made] == [3.0] * 4 + [0.0] * 2
    assert [line["progress"] for line in made] == [0.25, 0.5, 0.75, 0.75, 0.5, 0.5]
    assert [line["score"] for line in made] == [0.75] * 4 + [0.5] * 2
    assert [line["done"] for line in made] == [False, False, False, True, False, True]
    assert [line["outcome"] for line in made][2:4] == ["ok", "parse_error"]
    assert {line["group"] for line in made} == {"babyai/goto#7"}
    assert (first["episode"], first["seed"], first["reasoning"], first["model"]) == (
        "a/t/0000",
        7,
        "a",
        "scripted:x",
    )


def test_lost_turns_and_unfinished_episodes_are_asked_for(tmp_path):
    folder = episode(tmp_path / "run", 0, ["a", "no action"])
    episode(folder, 1, ["b", "no action"], end=False)
    asked = {
        (): ["a"],
        ("--lost",): ["a", "no action"],
        ("--unfinished",): ["a", "b"],
        ("--unfinished", "--min-progress", "0"): ["a"],
    }
    for options, answers in asked.items():
        cli("export", folder, "--to", tmp_path / "t.jsonl", "--format", "sft", "--force", *options)
        made = lines(tmp_path / "t.jsonl")
        assert [line["completion"][0]["content"] for line in made] == answers
    cli(
        "export",
        folder,
        "--to",
        tmp_path / "t.jsonl",
        "--format",
        "rl",
        "--force",
        "--no-lost",
        "--unfinished",
    )
    assert [(line["score"], line["done"]) for line in lines(tmp_path / "t.jsonl")] == [
        (0.5, False),
        (None, False),
    ]


def test_hostile_text_is_one_line_of_data(hostile, tmp_path):
    cli("export", hostile, "--to", tmp_path / "t.jsonl", "--format", "sft", "--lost")
    text = (tmp_path / "t.jsonl").read_text(encoding="utf-8")
    assert len(text.splitlines()) == text.count("\n") == len(HOSTILE)  # whoever breaks lines, and how
    assert [json.loads(line)["completion"][0]["content"] for line in text.splitlines()] == HOSTILE


# ---------------------------------------------------------------------------------------- pictures


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seen") / "run"
    spec = RunSpec(
        tasks=("babyai/goto",), agents=("direct",), models=("scripted:turn left,go forward",), episodes=2,
        observe="both", limits={"steps": 3},
    )  # fmt: skip
    assert run(folder, spec).failed == 0
    return folder


def parts(line):
    return [part for message in line["prompt"] for part in message["content"]]


def test_pictures_stand_as_hashes_and_the_command_says_so(seen, tmp_path, capsys):
    cli("export", seen, "--to", tmp_path / "t.jsonl", "--format", "sft")
    made = lines(tmp_path / "t.jsonl")
    shown = [part["image"] for line in made for part in parts(line) if part["type"] == "image"]
    recorded = {e.start.observation.image for e in read_run(seen)}
    assert {f"sha256:{name}" for name in recorded} <= set(shown)
    assert all(isinstance(message["content"], list) for line in made for message in line["completion"])
    assert "--images DIR draws them" in capsys.readouterr().err


def test_pictures_are_drawn_again_as_they_were(seen, tmp_path):
    images = tmp_path / "images"
    cli("export", seen, "--to", tmp_path / "t.jsonl", "--format", "rl", "--images", images)
    made = lines(tmp_path / "t.jsonl")
    for line in made:
        places = [part for part in parts(line) if part["type"] == "image"]
        assert places == [{"type": "image"}] * len(line["images"])  # TRL fills them from `images`, in order
        assert places
    for name in {name for line in made for name in line["images"]}:
        assert Path(name).parent == images
        assert sha256(Path(name).read_bytes()).hexdigest() == Path(name).stem
    asked = {
        p["image"]
        for e in read_run(seen)
        for _, _, ms in e.requests()
        for m in ms
        for p in m.parts
        if "image" in p
    }
    assert {path.stem for path in images.iterdir()} == asked


def test_what_cannot_be_drawn_again_is_left_out_and_told(seen, tmp_path, capsys):
    folder = tmp_path / "changed"
    shutil.copytree(seen, folder)
    file = sorted((folder / "episodes").rglob("*.jsonl"))[0]
    old = read_episode(file).start.hash
    file.write_text(file.read_text().replace(old, "0" * len(old)))  # another version of the game
    cli("export", folder, "--to", tmp_path / "t.jsonl", "--format", "rl", "--images", tmp_path / "i")
    assert {line["episode"] for line in lines(tmp_path / "t.jsonl")} == {
        e.header.episode for e in read_run(folder)[1:]
    }
    said = capsys.readouterr().err
    assert "3 answers were left out, since their pictures are lacking" in said
    assert "no longer gives what was recorded" in said
    file.with_name("0001.jsonl").unlink()
    cli("export", folder, "--to", tmp_path / "u.jsonl", "--format", "rl", "--images", tmp_path / "j", code=2)
    assert "nothing to export: the pictures of all 3 answers are lacking" in capsys.readouterr().err
    assert not (tmp_path / "u.jsonl").exists()


def test_pictures_that_the_run_kept_are_taken_from_it(tmp_path):
    data = b"\x89PNG of a game that is never the same"
    name = sha256(data).hexdigest()
    folder = episode(tmp_path / "run", 0, ["a", "b"], picture=name, deterministic=False)
    episode(folder, 1, ["no picture at all", "b"])
    kept = folder / "pictures" / name[:2] / f"{name}.png"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(data)
    cli("export", folder, "--to", tmp_path / "t.jsonl", "--format", "sft", "--images", tmp_path / "i")
    one, other = lines(tmp_path / "t.jsonl")
    assert [Path(path).read_bytes() for path in one["images"]] == [data]
    assert other["images"] == []
    assert other["prompt"][0]["content"] == [
        {"type": "text", "text": "no picture at all"}
    ]  # one type a column
    kept.write_bytes(b"another picture under its name")
    done = write_chat(Selection((folder,)), tmp_path / "u.jsonl", "sft", images=tmp_path / "j")
    assert (done.lines, done.left_out, list((tmp_path / "j").iterdir())) == (1, 1, [])


# ---------------------------------------------------------------------------------- bad inputs, loss


@pytest.mark.parametrize("form", ["csv", "parquet", "sft"])
def test_a_damaged_episode_leaves_no_file_and_what_was_there(form, tmp_path, capsys):
    folder = episode(tmp_path / "run", 0, ["a", "b"])
    episode(folder, 1, ["a", "b"])
    last = sorted((folder / "episodes").rglob("*.jsonl"))[-1]
    data = last.read_bytes().splitlines(keepends=True)
    last.write_bytes(b"".join([*data[:2], b"damage\n", *data[3:]]))
    out = tmp_path / "out"
    cli("export", folder, "--to", out, "--format", form, code=2)
    assert "0001.jsonl, line 3: not JSON" in capsys.readouterr().err
    assert list(out.iterdir()) == []
    ending = "jsonl" if form == "sft" else form
    target = out / f"mine.{ending}"
    target.write_text("mine")
    cli("export", folder, "--to", target, "--format", form, "--force", code=2)
    assert target.read_text() == "mine"
    assert list(out.iterdir()) == [target]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "old.csv"], "exists already"),
        (["--to", "folder", "--format", "sft"], "exists already"),
        (["--to", "folder.csv"], "add --format"),
        (["--to", "x"], "add --format"),
        (["--to", "x.jsonl"], "add --format"),
        (["--to", "x.txt"], "add --format"),
        (["--to", "x.csv", "--format", "rl"], "end it in .jsonl"),
        (["--to", "x.csv", "--images", "d"], "--images is for training data"),
        (["--to", "x.csv", "--no-lost"], "--lost is for training data"),
        (["--to", "x.csv", "--unfinished"], "--unfinished is for training data"),
        (["--to", "x.jsonl", "--format", "rl", "--what", "turns"], "--what is for tables"),
        (["--to", "x.csv", "--agent", "nobody"], "nothing to export"),
        (["--to", "x.csv", "--min-progress", "2"], "--min-progress"),
        (["--to", "x.jsonl", "--format", "sft", "--agent", "random"], "nothing to export"),
        (["--to", "old.csv/x.csv"], "cannot write"),
        (["nowhere", "--to", "x.csv"], "no run.json"),
    ],
)
def test_a_bad_request_is_one_line_and_changes_nothing(
    played, arguments, words, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    Path("old.csv").write_text("mine")
    Path("folder.csv").mkdir()
    Path("folder").mkdir()
    Path("folder/sft.jsonl").write_text("mine")
    before = sorted(Path().rglob("*"))
    cli("export", played, *arguments, code=2)
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert sorted(Path().rglob("*")) == before
    assert (Path("old.csv").read_text(), Path("folder/sft.jsonl").read_text()) == ("mine", "mine")


def test_without_pyarrow_one_line_says_what_to_install(hostile, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    cli("export", hostile, "--to", tmp_path / "x.parquet", code=2)
    assert 'pip install "ludometer[parquet]"' in capsys.readouterr().err
    assert not list(tmp_path.glob("*.parquet"))


def test_a_number_that_parquet_cannot_hold_is_one_line(tmp_path, capsys):
    folder = episode(tmp_path / "run", 0, ["a", "b"], seed=10**30)
    cli("export", folder, "--to", tmp_path / "x.parquet", code=2)
    assert "use --format csv" in capsys.readouterr().err
    cli("export", folder, "--to", tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(newline="") as stream:
        assert next(csv.DictReader(stream))["seed"] == str(10**30)


def test_the_table_of_episodes_has_a_type_for_every_column():
    from harness.cli.export import _episodes_table

    (row,) = _episodes_table().rows(next(iter_run(SCHEMA_1)))
    for name, kind in _episodes_table().columns.items():
        assert row[name] is None or isinstance(row[name], kind), name
    assert ProgressScorer().score(iter_run(SCHEMA_1)).columns.tolist() == list(_episodes_table().columns)
