"""A real browser, offline: Playwright with the system's Chromium."""

import shutil

import pytest
from ludometer_test_runs import run

from harness.cli import main
from harness.spec import RunSpec

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
"""Without these it calls home at every start, and as root it does not start at all."""


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
    for words in (
        ["report", folder / "run", "--html", folder / "report.html"],
        ["site", folder / "run", "--out", folder / "site"],
    ):
        with pytest.raises(SystemExit) as stopped:
            main([str(word) for word in words])
        assert not stopped.value.code
    return folder


@pytest.fixture(scope="session")
def chromium(made):
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(params=["desktop", "phone", "dark"])
def page(chromium, request):
    """A page that remembers what went wrong on it: ``page.wrong``."""
    size = {"width": 390, "height": 844} if request.param == "phone" else {"width": 1200, "height": 900}
    scheme = "dark" if request.param == "dark" else "light"
    made = chromium.new_page(viewport=size, color_scheme=scheme)
    made.wrong = []
    made.on("console", lambda said: made.wrong.append(said.text) if said.type == "error" else None)
    made.on("pageerror", lambda error: made.wrong.append(str(error)))
    made.on("request", lambda asked: _left(made, asked.url))
    yield made
    made.close()


def _left(page, url):
    if not url.startswith(("file:", "data:", "blob:")):
        page.wrong.append(f"asked for {url}")
