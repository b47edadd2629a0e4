"""No key in any form in any file that a run writes, nor on the screen, through the command line."""

import base64
import json
from urllib.parse import quote

import pytest

from harness.cli import main
from harness.testing.server import FakeServer, Fault

KEY = "sk-canary-9d4e1f/7a+b8c2053"
FORMS = {
    "as it is": lambda text: text,
    "quoted for URLs": lambda text: quote(text, safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(b"x" + text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"authorization": text})),
    "masked": lambda text: text[:-6].replace("canary", "can***********") + text[-6:],
}
TELLING = ("9d4e1f", "7a+b8c2053", *(form(KEY) for form in FORMS.values()))

APIS = [
    ("openai", "OPENAI_API_KEY", "openai"),
    ("anthropic", "ANTHROPIC_API_KEY", "anthropic"),
    ("google", "GEMINI_API_KEY", "google"),
    ("deepseek", "DEEPSEEK_API_KEY", "openai"),
]


@pytest.mark.parametrize(("provider", "variable", "vendor"), APIS, ids=lambda value: value)
def test_a_run_with_a_server_that_tells_all_writes_no_key(
    provider, variable, vendor, tmp_path, monkeypatch, capfd
):
    monkeypatch.setenv(variable, KEY)
    forms = list(FORMS.values())
    with FakeServer() as server:
        server.reply = lambda asked: f"I know your key: {forms[len(server.asked) % len(forms)](KEY)}"
        server.faults += [Fault.ECHO_PASSING, Fault.ECHO_ANSWER]
        server.fault_for = lambda asked: Fault.ECHO if len(asked.messages) > 18 else None
        command = ["run", "-t", "babyai/open", "-n", "2", "-m", f"{provider}:m", "--steps", "12"]
        command += ["--base-url", server.url(vendor), "--cache", str(tmp_path / "cache")]
        with pytest.raises(SystemExit) as stopped:
            main([*command, "--out", str(tmp_path / "run")])
    assert stopped.value.code == 1
    files = {file.name: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert {"run.json", "scores.csv", "summary.json", "report.html"} <= set(files)
    said = capfd.readouterr()
    everything = b"\n".join(files.values()).decode() + said.out + said.err
    assert everything.count("[key]") > 2 * len(FORMS)
    assert not [form for form in TELLING if form in everything]


def test_a_bad_option_that_holds_a_key_is_not_repeated(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for options in ({"api_key": KEY}, {"base_url": f"https://{KEY}@example.com/v1"}, {"constraint": KEY}):
        config = {"tasks": ["babyai/open"], "models": ["openai:m"], "provider_options": {"openai": options}}
        (tmp_path / "c.yaml").write_text(json.dumps(config))
        with pytest.raises(SystemExit) as stopped:
            main(["run", "-c", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "run")])
        assert stopped.value.code == 2
        assert KEY not in "".join(capfd.readouterr())
    written = [file.read_bytes() for file in (tmp_path / "run").rglob("*") if file.is_file()]
    assert not [data for data in written if KEY.encode() in data]
