"""One program in a virtual display of its own: it runs only when it is told to, and sees only our keys."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from games.desktop._keys import KEYSYMS, MOUSE
from games.desktop._programs import Missing, find

_LEASH = Path(__file__).with_name("_leash.py")
_SCREEN = "1024x768"  # larger than any window: what is outside a screen is not drawn


class Display:
    """A program in a display of its own, standing still from the start.

    Args:
        command: what to run. ``{home}`` in it stands for the fresh folder that is the program's home.
        size: width and height of the picture in pixels; the program's window lies in its upper left corner.
        prepare: puts what the program needs into its home.

    Raises:
        Missing: Xvfb or the program is not there.
        ValueError: the display or the program did not start.
    """

    def __init__(
        self,
        command: Sequence[str],
        size: tuple[int, int],
        prepare: Callable[[Path], None] | None = None,
    ) -> None:
        if find("Xvfb") is None:
            raise Missing("a virtual display is needed: apt-get install xvfb")
        self.size = size
        self.home = Path(tempfile.mkdtemp(prefix="ludometer-"))
        try:
            if prepare is not None:
                prepare(self.home)
            self._leash = self._launch([part.replace("{home}", str(self.home)) for part in command])
            self._connect(self._told())
        except BaseException:
            self.close()
            raise

    def _launch(self, command: list[str]) -> subprocess.Popen[bytes]:
        quiet = {"SDL_AUDIODRIVER": "dummy", "SDL_VIDEODRIVER": "x11", "SDL_VIDEO_X11_DGAMOUSE": "0"}
        own = {"HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home), **quiet}
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        with (self.home / "log.txt").open("wb") as log:
            return subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", str(_LEASH), str(self.home), _SCREEN, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,  # so that a second line is still to be read, for `ended`
                env={**kept, **own},
                cwd=self.home,  # ScummVM writes a file into the folder that it is started in
                start_new_session=True,
            )

    def _told(self) -> dict[str, Any]:
        assert self._leash.stdout is not None  # noqa: S101
        line = self._leash.stdout.readline()
        if not line:
            log = (self.home / "log.txt").read_text(errors="replace").strip().splitlines()
            raise ValueError(f"the virtual display did not start: {log[-1] if log else 'Xvfb said nothing'}")
        told: dict[str, Any] = json.loads(line)
        return told

    def _connect(self, told: Mapping[str, Any]) -> None:
        from Xlib.display import Display as Connection

        self._group = int(told["group"])
        self._signal(signal.SIGSTOP)
        self._owed = 0.0
        self._x = Connection(told["display"])
        self._root = self._x.screen().root
        self._held: set[str] = set()

    @property
    def ended(self) -> bool:
        """Whether the program has ended."""
        assert self._leash.stdout is not None  # noqa: S101
        return bool(select.select([self._leash.stdout], [], [], 0)[0])

    def run(self, seconds: float) -> None:
        """Let the program and its children run for so long, then stand still again.

        What one run took too long is taken off the next one.
        """
        due = max(0.0, seconds - self._owed)
        begun = time.monotonic()
        self._signal(signal.SIGCONT)
        time.sleep(due)
        self._signal(signal.SIGSTOP)
        self._owed = max(0.0, self._owed + time.monotonic() - begun - seconds)
        self._settle()

    def _settle(self) -> None:
        """Put the program's window into the upper left corner: without a window manager it lies anywhere."""
        from Xlib.error import BadDrawable

        for window in self._root.query_tree().children:
            try:
                place = window.get_geometry()
            except BadDrawable:
                continue  # it is gone since
            if (place.x, place.y) != (0, 0):
                window.configure(x=0, y=0)
        self._x.sync()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._group, number)
        except ProcessLookupError:
            pass  # it has ended

    def hold(self, names: Set[str]) -> None:
        """Hold exactly these keys and mouse buttons down, from now on."""
        for name in sorted(self._held - names):
            self._press(name, down=False)
        for name in sorted(names - self._held):
            self._press(name, down=True)
        self._held = set(names)
        self._x.sync()

    def _press(self, name: str, *, down: bool) -> None:
        from Xlib import X
        from Xlib.ext.xtest import fake_input

        if name in MOUSE:
            fake_input(self._x, X.ButtonPress if down else X.ButtonRelease, MOUSE[name])
        else:
            code = self._x.keysym_to_keycode(KEYSYMS[name])
            fake_input(self._x, X.KeyPress if down else X.KeyRelease, code)

    def point(self, x: int, y: int) -> None:
        """Move the mouse to a pixel of the display."""
        from Xlib import X
        from Xlib.ext.xtest import fake_input

        fake_input(self._x, X.MotionNotify, x=x, y=y)
        self._x.sync()

    def picture(self) -> NDArray[np.uint8]:
        """What the display shows: H × W × 3."""
        from Xlib import X

        width, height = self.size
        image = self._root.get_image(0, 0, width, height, X.ZPixmap, 0xFFFFFFFF)
        pixels = np.frombuffer(image.data, np.uint8).reshape(height, width, 4)
        return np.ascontiguousarray(pixels[:, :, 2::-1])

    def close(self) -> None:
        """End the program and the display. May be called twice."""
        if hasattr(self, "_x"):
            self._x.close()
            del self._x
        if hasattr(self, "_leash"):
            self._leash.communicate()  # closes its standard input
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
