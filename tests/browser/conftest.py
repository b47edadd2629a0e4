"""A real browser, offline: Playwright with the system's Chromium."""

import json
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from ludometer_test_pages import EVIL
from ludometer_test_runs import ludometer, run

from harness.spec import RunSpec

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
"""Without these it calls home at every start, and as root it does not start at all."""

KINDS = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "no script": {"java_script_enabled": False},
}

HOSTILE = "scripted:<script>document.title='owned'</script>,go forward"


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A run's report and a site of it; made before the browser starts, whose event loop runs here too."""
    pytest.importorskip("altair")
    folder = tmp_path_factory.mktemp("pages")
    spec = RunSpec(
        tasks=("babyai/goto", "babyai/open"), agents=("random", "oracle", "direct"), models=(HOSTILE,),
        episodes=4, limits={"steps": 20},
    )  # fmt: skip
    run(folder / "run", spec)
    assert not ludometer("report", folder / "run", "--html", folder / "report.html")
    assert not ludometer("site", folder / "run", "--out", folder / "site")
    return folder


@pytest.fixture(scope="session")
def seen(made, tmp_path_factory):
    """Real play of BabyAI and Crafter, and what a model said in one episode made as bad as can be."""
    folder = tmp_path_factory.mktemp("seen") / "run"
    spec = RunSpec(
        tasks=("babyai/goto", "crafter/standard"), agents=("direct", "random"),
        models=("scripted:go forward,move west,do,turn left",), observe="both", episodes=2,
        limits={"steps": 8, "turns": 12},
    )  # fmt: skip
    run(folder, spec)
    file = next(iter(sorted((folder / "episodes").glob("direct*/babyai/**/0000.jsonl"))))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        for call in line.get("calls", ()):
            call["text"] = call["reasoning"] = "\n".join(EVIL)
    file.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    return folder


@pytest.fixture(scope="session")
def chromium(made, seen):
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Makes pages of a kind that remember what went wrong on them: ``page.wrong``.

    All of one test share cookies, as tabs do.
    """
    contexts = {}

    def new(kind="desktop"):
        if kind not in contexts:
            contexts[kind] = chromium.new_context(**KINDS[kind])
        page = contexts[kind].new_page()
        page.home, page.wrong = None, []
        page.on("console", lambda said: page.wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("request", lambda asked: _left(page, asked.url))
        return page

    yield new
    for context in contexts.values():
        context.close()


@pytest.fixture(params=["desktop", "phone", "dark"])
def page(open_page, request):
    """A page, at a desk, on a phone and in the dark."""
    return open_page(request.param)


def _left(page, url):
    own = ("file:", "data:", "blob:") if page.home is None else (page.home, "data:", "blob:")
    if not url.startswith(own):
        page.wrong.append(f"asked for {url}")


class Served:
    """A command that serves pages: its process, and the address that it printed."""

    def __init__(self, process, address):
        self.process, self.address = process, address
        self.home = address.partition("/?")[0].partition("/play?")[0]

    def open(self, page):
        """Be let in."""
        page.home = self.home + "/"
        page.goto(self.address)
        assert "token" not in page.url
        return page

    def interrupt(self):
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture(scope="session")
def serve(made):
    """Starts ``ludometer view`` or ``ludometer play --browser`` as a user does."""
    pytest.importorskip("uvicorn", reason='the viewer needs pip install "ludometer[view]"')

    @contextmanager
    def serving(*words):
        command = [sys.executable, "-c", "from harness.cli import main; main()", *map(str, words)]
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            try:
                yield Served(process, process.stdout.readline().strip())
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                    process.wait(30)

    return serving
