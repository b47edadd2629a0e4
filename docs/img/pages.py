"""Makes the pictures of the pages: a small real run, and its report, site, viewer and a game in the browser.

``python docs/img/pages.py [PAGE …]`` needs Chromium and Ludometer with view, report and browser. It plays
BabyAI with the oracle, chance and a model that says what it is told to (``scripted:``), and Crafter with the
last two; nothing is asked over the network. Writes ``PAGE-desktop.png`` (1280×800), ``PAGE-phone.png``
(390×844, two dots a pixel) and ``PAGE-dark.png`` next to itself.
"""

import contextlib
import io
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
MOST = 300_000  # bytes of a picture
KINDS = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
}
MODEL = "scripted:go forward,turn left,move west,do"
LUDOMETER = [sys.executable, "-c", "from harness.cli import main; main()"]


def ludometer(*words):
    """Run a command."""
    command = [*LUDOMETER, *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own words


def make(folder):
    """The run, its report and its site."""
    runs = [folder / "babyai", folder / "crafter"]
    common = ["--model", MODEL, "--agent", "direct", "--agent", "random", "--observe", "both", "--no-report"]
    babyai = ["--task", "babyai/goto", "--task", "babyai/open", "--agent", "oracle", "--episodes", 8]
    ludometer("run", *common, *babyai, "--steps", 40, "--out", runs[0])
    ludometer("run", *common, "--task", "crafter/standard", "--episodes", 4, "--steps", 80, "--out", runs[1])
    ludometer("report", runs[0], "--html", folder / "report.html")
    ludometer("site", *runs, "--out", folder / "site")
    return runs


@contextlib.contextmanager
def served(*words):
    """The address at which a command serves its pages."""
    command = [*LUDOMETER, *map(str, words)]
    with subprocess.Popen(  # noqa: S603 - our own words
        command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def shoot(page, name, kind):
    """Take a picture of what is on the screen."""
    page.wait_for_load_state("networkidle")
    page.wait_for_function("() => !document.querySelector('[data-waiting]')")
    page.wait_for_timeout(500)
    save(page.screenshot(), HERE / f"{name}-{kind}.png")


def save(png, path):
    """Keep a picture, with fewer colours where it is too large."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (256, 128, 64, 32):
        data = io.BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(data, "PNG", optimize=True)
        if data.tell() <= MOST:
            break
    path.write_bytes(data.getvalue())
    print(path.name, f"{data.tell():,} bytes")  # noqa: T201


def viewer(page, address, kind, wanted):
    """The viewer's pages."""
    page.goto(address)
    home = address.partition("/?")[0]
    if "runs" in wanted:
        shoot(page, "runs", kind)
    page.goto(f"{home}/run/0?sort=-score")
    if "run" in wanted:
        shoot(page, "run", kind)
    page.goto(f"{home}/run/0?task=babyai%2Fgoto&sort=agent")
    links = page.eval_on_selector_all("tbody a", "all => all.map(each => each.href)")
    page.goto(f"{links[0]}?turn=3&wait=1")
    if "episode" in wanted:
        shoot(page, "episode", kind)
    if "compare" in wanted:
        page.click("text=Side by side")
        page.click("details[open] li a")
        shoot(page, "compare", kind)


def play(page, address, kind):
    """A game, three turns into it."""
    page.goto(address)
    page.wait_for_selector(".picture")
    for action in ("place stone", "move west", "do"):
        before = page.inner_text(".where")
        page.get_by_role("button", name=action, exact=True).click()
        page.wait_for_function("before => document.querySelector('.where').innerText !== before", arg=before)
    page.evaluate(
        "document.activeElement.blur(); document.getElementById('instructions').open = false; scrollTo(0, 0)"
    )
    shoot(page, "play", kind)


def main(*wanted):
    """All of them, or those that are named."""
    wanted = set(wanted) or {"report", "site", "runs", "run", "episode", "compare", "play"}
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = Path(scratch)
        runs = make(folder)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        for kind, options in KINDS.items():
            page = browser.new_context(**options).new_page()
            for name, path in (("report", "report.html"), ("site", "site/index.html")):
                if name in wanted:
                    page.goto((folder / path).as_uri())
                    shoot(page, name, kind)
            if wanted & {"runs", "run", "episode", "compare"}:
                with served("view", *runs) as address:
                    viewer(page, address, kind, wanted)
            if "play" in wanted:
                words = ("play", "crafter/standard", "--browser", "--observe", "both")
                with served(*words, "--out", folder / f"played-{kind}") as address:
                    play(page, address, kind)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
