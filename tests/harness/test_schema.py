"""The schema in the docs is the models' own, holds for old lines and new, and the docs tell every field."""

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from ludometer_test_runs import run

from harness.cli import main
from harness.errors import InputError
from harness.records import SCHEMA, Status, iter_run, read_lines, read_record, read_run
from harness.schema import run_schema
from harness.spec import RunSpec
from scorers.progress import ProgressScorer

ROOT = Path(__file__).parents[2]
SCHEMA_1 = ROOT / "tests" / "data" / "run-schema-1"
FIXED = json.loads((ROOT / "docs" / "run-folder.schema.json").read_text())
LINE = jsonschema.Draft202012Validator(FIXED)
RUN = jsonschema.Draft202012Validator({"$ref": "#/$defs/RunRecord", "$defs": FIXED["$defs"]})


def test_the_schema_in_the_docs_is_that_of_the_models():
    assert run_schema() == FIXED, "make it anew: ludometer schema --out docs/run-folder.schema.json"
    jsonschema.Draft202012Validator.check_schema(FIXED)
    assert f"schema {SCHEMA}" in FIXED["title"]


def test_the_command_prints_it(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["schema"])
    assert json.loads(capsys.readouterr().out) == FIXED
    with pytest.raises(SystemExit):
        main(["schema", "--out", str(tmp_path / "s.json")])
    assert (tmp_path / "s.json").read_bytes() == (ROOT / "docs" / "run-folder.schema.json").read_bytes()
    with pytest.raises(SystemExit) as stopped:
        main(["schema", "--out", str(tmp_path / "none" / "s.json")])
    assert stopped.value.code == 2
    assert "cannot write" in capsys.readouterr().err


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A run with every kind of line: memories, several calls a turn, a failure."""
    folder = tmp_path_factory.mktemp("schema") / "run"
    spec = RunSpec(
        tasks=("babyai/goto",), agents=("direct", "reflexion(trials=2)", "vote(samples=2)", "oracle"),
        models=("scripted:go forward,turn left,nonsense",), episodes=2, limits={"steps": 4}, observe="both",
    )  # fmt: skip
    assert run(folder, spec).failed == 0
    file = next(file for file in sorted((folder / "episodes").rglob("*.jsonl")) if "direct" in str(file))
    lines = file.read_text().splitlines(keepends=True)
    failure = {"kind": "failure", "turn": 0, "outcome": "api_error", "error": "E", "message": "503"}
    file.write_text("".join([*lines[:2], json.dumps(failure) + "\n", *lines[2:]]))
    return folder


@pytest.mark.parametrize("name", ["fresh", "old"])
def test_every_line_and_run_json_validate(name, fresh):
    folder = fresh if name == "fresh" else SCHEMA_1
    kinds = set()
    for path in sorted((folder / "episodes").rglob("*.jsonl")):
        for raw in path.read_bytes().splitlines():
            line = json.loads(raw)
            LINE.validate(line)
            kinds.add(line["kind"])
    RUN.validate(json.loads((folder / "run.json").read_bytes()))
    missing = set() if name == "fresh" else {"failure"}
    assert kinds == {"header", "start", "turn", "memory", "failure", "end"} - missing


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.pop("kind"),
        lambda line: line.update(kind="other"),
        lambda line: line.update(more=1),
        lambda line: line.pop("progress", None) or line.update(kind="end"),
        lambda line: line.update(hash=7, seed="seven", index="one", ending="never", content=None),
    ],
)
def test_what_the_reader_refuses_the_schema_refuses(change, fresh, tmp_path):
    for raw in {
        json.loads(raw)["kind"]: raw for f in (fresh / "episodes").rglob("*.jsonl") for raw in f.open()
    }.values():
        line = json.loads(raw)
        change(line)
        path = tmp_path / "e.jsonl"
        path.write_text(json.dumps(line) + "\n")
        with pytest.raises(InputError):
            list(read_lines(path))
        assert not LINE.is_valid(line)


def test_the_docs_tell_every_field_in_the_models_words():
    told = (ROOT / "docs" / "run-folder.md").read_text()
    for model, definition in FIXED["$defs"].items():
        for field, described in definition.get("properties", {}).items():
            if field == "kind":
                continue
            words = described["description"]
            row = re.search(rf"^\| `{model}\.{field}` \|[^|]*\|(.*)\|$", told, re.M)
            assert row, f"docs/run-folder.md does not tell of {model}.{field}"
            assert row[1].strip() == words, f"{model}.{field} is told in other words"


# ------------------------------------------------------------------------- the version before this


def test_a_run_of_the_version_before_is_read(tmp_path):
    episodes = read_run(SCHEMA_1)
    assert len(episodes) == 18
    assert {e.header.schema_version for e in episodes} == {1}
    assert {e.status for e in episodes} == {Status.DONE}
    assert read_record(SCHEMA_1).schema_version == 1
    scores = ProgressScorer().score(iter_run(SCHEMA_1))
    before = pd.read_csv(SCHEMA_1 / "scores.csv", dtype={"suite_version": str}).drop(columns="path")
    # Columns have come since, none went.
    pd.testing.assert_frame_equal(scores[list(before.columns)], before, check_dtype=False)


def test_a_run_of_the_version_before_is_reported_exported_and_merged(tmp_path, capsys):
    shutil.copytree(SCHEMA_1, tmp_path / "run")
    commands = (
        ["report", "run", "--html", "report.html"],
        ["compare", "run", "--json"],
        ["export", "run", "--to", "tables", "--format", "parquet"],
        ["export", "run", "--to", "tables", "--format", "rl"],
        ["merge", "run", "--out", "merged", "--no-report"],
    )
    paths = {"run", "report.html", "tables", "merged"}
    for command in commands:
        with pytest.raises(SystemExit) as stopped:
            main([str(tmp_path / word) if word in paths else word for word in command])
        assert not stopped.value.code, capsys.readouterr().err
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert len(pd.read_parquet(tmp_path / "tables" / "turns.parquet")) == 93
    assert len(read_run(tmp_path / "merged")) == 18


@pytest.mark.tampers
def test_run_json_of_a_newer_version_or_damaged_is_one_line(tmp_path):
    (tmp_path / "episodes").mkdir()
    file = tmp_path / "run.json"
    good = json.loads((SCHEMA_1 / "run.json").read_text())
    for data, words in (
        (json.dumps({**good, "schema_version": SCHEMA + 1, "more": {}}), "written by a newer Ludometer"),
        (json.dumps({**good, "schema_version": SCHEMA + 1}), "written by a newer Ludometer"),
        (json.dumps({**good, "config": []}), "config: Input should be"),
        (json.dumps({**good, "more": 1}), "more: Extra inputs"),
        ("{", "not JSON"),
        ("[]", "was changed"),
        ("\udcff", "not JSON"),
    ):
        file.write_text(data, errors="surrogateescape")
        with pytest.raises(InputError, match=words) as caught:
            read_record(tmp_path)
        assert "\n" not in str(caught.value)
