"""The script of the pages in a real Chromium: keys, play and pause, the scrubber, following a run."""

import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from itertools import count

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.tampers]


class Tab:
    """A page of Chromium, driven by its DevTools protocol."""

    def __init__(self, socket):
        self._socket, self._numbers = socket, count(1)
        self.said = []
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=30))
            if message.get("id") == number:
                return message["result"]
            if message["method"] in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.said.append(message["params"])

    def value(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def until(self, expression, wanted):
        """Wait for what the page does by itself."""
        deadline = time.monotonic() + 30
        while (found := self.value(expression)) != wanted:
            assert time.monotonic() < deadline, (expression, found, wanted, self.said)
            time.sleep(0.05)

    def open(self, address):
        self.call("Page.navigate", url=address)
        self.until("document.readyState", "complete")

    def press(self, key, code):
        text = {"text": key} if len(key) == 1 else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text)


@pytest.fixture
def viewing(played, tmp_path):
    """A run folder of its own, and the address at which `ludometer view` shows it."""
    pytest.importorskip("uvicorn", reason='the viewer needs pip install "ludometer[view]"')
    folder = tmp_path / "run"
    shutil.copytree(played, folder)
    command = [sys.executable, "-c", "from harness.cli import main; main()", "view", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield folder, process.stdout.readline().strip()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


@pytest.fixture
def tab(tmp_path):
    client = pytest.importorskip("websockets.sync.client", reason="drives Chromium through websockets")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium")
    home = tmp_path / "chromium"
    command = [
        chromium, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={home}",
        "--remote-debugging-port=0", "about:blank",
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 60
            while not (home / "DevToolsActivePort").exists():
                assert time.monotonic() < deadline
                time.sleep(0.1)
            port = (home / "DevToolsActivePort").read_text().split()[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
                page = next(each for each in json.load(answer) if each["type"] == "page")
            with client.connect(page["webSocketDebuggerUrl"], max_size=None) as socket:
                yield Tab(socket)
        finally:
            process.terminate()


NUMBER = 'document.getElementById("shown").dataset.number'
LEFT, RIGHT, HOME, END, SPACE = ("ArrowLeft", 37), ("ArrowRight", 39), ("Home", 36), ("End", 35), (" ", 32)


def test_keys_scrubber_and_playing(viewing, tab):
    _, address = viewing
    tab.open(address)
    assert "token" not in tab.value("location.href")
    tab.open(address.partition("?")[0] + "run/0")
    tab.open(tab.value('document.querySelector("tbody a").href'))
    for key, turn in ((RIGHT, 1), (RIGHT, 2), (LEFT, 1), (END, 6), (RIGHT, 6), (HOME, 0)):
        tab.press(*key)
        tab.until(NUMBER, str(turn))
        tab.until('document.getElementById("turn").value', str(turn))
        tab.until('document.getElementById("said").textContent', f"{turn} of 6")
    assert tab.value("location.search") == "?turn=0"
    tab.value('document.getElementById("next").focus(); document.activeElement.click()')
    tab.until(NUMBER, "1")
    assert tab.value("document.activeElement.id") == "next"
    tab.value(
        "turn = document.getElementById('turn'); turn.value = 4; turn.dispatchEvent(new Event('input'))"
    )
    tab.until(NUMBER, "4")
    tab.until('document.querySelector(".picture").complete', True)
    tab.value("document.activeElement.blur()")
    tab.press(*SPACE)
    assert tab.value('document.getElementById("play").textContent') == "Pause"
    tab.until(NUMBER, "6")
    tab.until('document.getElementById("play").textContent', "Play")
    assert tab.said == [] or all("favicon" in json.dumps(each) for each in tab.said), tab.said


def test_a_run_and_an_episode_are_followed(viewing, tab):
    folder, address = viewing
    file = next(iter(sorted((folder / "episodes").glob("direct*/**/0000.jsonl"))))
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:3]))
    tab.open(address)
    tab.open(address.partition("?")[0] + "run/0")
    status = 'document.querySelector("[role=status]").textContent.includes("1 unfinished")'
    tab.until(status, True)
    with file.open("ab") as stream:
        stream.write(b"".join(lines[3:]))
    tab.until(status, False)
    file.write_bytes(b"".join(lines[:3]))
    link = tab.value('document.querySelector("tbody a").href')
    tab.open(f"{link}?turn=last")
    tab.until(NUMBER, "1")
    with file.open("ab") as stream:
        stream.write(lines[3])
    tab.until(NUMBER, "2")
