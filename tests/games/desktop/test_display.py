"""A program in a display of its own: a small one that paints, by python-xlib."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from games.desktop._display import Display
from games.desktop._keys import KEYSYMS
from games.desktop._programs import find

pytestmark = pytest.mark.slow

PAINTER = textwrap.dedent(
    """
    import select
    from Xlib import X, display
    d = display.Display()
    w = d.screen().root.create_window(30, 40, 64, 48, 0, 24, event_mask=X.KeyPressMask | X.ButtonPressMask)
    gc = w.create_gc()
    w.map()
    d.sync()
    count = 0
    while True:
        if not d.pending_events():
            select.select([d], [], [], 0.01)
        while d.pending_events():
            event = d.next_event()
            if event.type == X.ButtonPress:
                raise SystemExit
            if event.type == X.KeyPress:
                gc.change(foreground=0xFF0000)
                w.fill_rectangle(gc, 32, 0, 32, 48)
        count += 1
        gc.change(foreground=count % 0xFFFF)
        w.fill_rectangle(gc, 0, 0, 32, 48)
        d.flush()
    """
)
SIZE = (64, 48)


@pytest.fixture
def shown():
    if find("Xvfb") is None:
        pytest.skip("needs Xvfb: apt-get install xvfb")
    pytest.importorskip("Xlib")
    with Display([sys.executable, "-c", PAINTER], SIZE) as display:
        display.run(1.0)
        yield display


def processes(home):
    """What runs with this folder for a home."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            ours = entry.name.isdigit() and f"HOME={home}".encode() in (entry / "environ").read_bytes()
            if ours and " Z " not in (entry / "stat").read_text():
                found.append(entry.name)
        except OSError:
            continue
    return found


def gone(home, seconds=5.0):
    end = time.monotonic() + seconds
    while processes(home) and time.monotonic() < end:
        time.sleep(0.05)
    return processes(home) == []


def test_its_window_lies_in_the_corner_and_it_stands_still_between_runs(shown):
    before = shown.picture()
    assert before.shape == (48, 64, 3)
    time.sleep(0.3)
    assert (shown.picture() == before).all()
    shown.run(0.1)
    after = shown.picture()
    assert (after[:, :32] != before[:, :32]).any()
    assert (after[:, :32] == after[0, 0]).all()


def test_keys_reach_it_when_it_runs_and_not_before(shown):
    shown.point(5, 5)
    shown.hold({"a"})
    time.sleep(0.2)
    assert tuple(shown.picture()[5, 40]) == (0, 0, 0)
    shown.run(0.2)
    assert tuple(shown.picture()[5, 40]) == (255, 0, 0)


def test_every_key_is_on_the_displays_keyboard(shown):
    assert [name for name, sym in KEYSYMS.items() if not shown._x.keysym_to_keycode(sym)] == []


def test_its_end_is_told_and_a_picture_can_still_be_had(shown):
    assert not shown.ended
    shown.point(5, 5)
    shown.hold({"click"})
    shown.run(0.5)
    assert shown.ended
    assert shown.picture().shape == (48, 64, 3)
    shown.run(0.01)


def test_nothing_is_left_behind(shown):
    home = shown.home
    assert len(processes(home)) == 3  # the leash, the display, the program
    shown.close()
    shown.close()
    assert processes(home) == []
    assert not home.exists()


def test_nothing_is_left_behind_when_whoever_started_it_is_killed():
    if find("Xvfb") is None:
        pytest.skip("needs Xvfb: apt-get install xvfb")
    code = (
        "import sys, time; from games.desktop._display import Display\n"
        "d = Display([sys.executable, '-c', 'import time; time.sleep(99)'], (64, 48))\n"
        "print(d.home, flush=True); time.sleep(99)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}
    )
    home = parent.stdout.readline().strip()
    assert len(processes(home)) == 3
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    assert gone(home)
    assert not Path(home).exists()


def test_a_display_that_does_not_start_is_told(monkeypatch, tmp_path):
    if find("Xvfb") is None:
        pytest.skip("needs Xvfb: apt-get install xvfb")
    false = tmp_path / "Xvfb"
    false.write_text("#!/bin/sh\necho no screen today >&2\nexit 1\n")
    false.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(ValueError, match=r"did not start: .*no screen today"):
        Display(["true"], SIZE)


def test_a_picture_takes_less_than_twenty_milliseconds(shown):
    begun = time.perf_counter()
    for _ in range(20):
        shown.picture()
    assert (time.perf_counter() - begun) / 20 < 0.02
