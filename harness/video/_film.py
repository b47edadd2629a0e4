"""Frames into a file, one at a time: MP4, WebM or GIF, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import Image

from harness.errors import InputError

_ENCODERS: dict[str, dict[str, dict[str, str]]] = {
    "mp4": {"libx264": {"crf": "20", "preset": "veryfast"}, "mpeg4": {"b": "8M"}},
    "webm": {"libvpx-vp9": {"crf": "30", "b": "0", "deadline": "realtime", "cpu-used": "8"},
             "libvpx": {"crf": "10", "b": "8M", "deadline": "realtime"}},
    "gif": {"gif": {}},
}  # fmt: skip
"""Of each format its encoders, the better one first, with their options."""

_PIXELS = {"mp4": "yuv420p", "webm": "yuv420p", "gif": "pal8"}
_KEYFRAMES = 60  # frames from one that a player can jump to, to the next
_BT709 = 1  # ITU-T H.273, tables 2 to 4: how players read the colours of high-definition video


def check_target(path: Path, *, force: bool) -> None:
    """See to it that a video can be written there, before anything is drawn.

    Raises:
        InputError: the ending is none of ours, something is there already, or PyAV is not installed.
    """
    if _ending(path) not in _ENCODERS:
        raise InputError(f"--video {str(path)!r}: the name has to end in .mp4, .gif or .webm")
    if path.exists() and not path.is_file():
        raise InputError(f"--video {str(path)!r} is not a file")
    if path.exists() and not force:
        raise InputError(f"{str(path)!r} is there already; --force replaces it")
    if not path.parent.is_dir():
        raise InputError(f"cannot write {str(path)!r}: there is no folder {str(path.parent)!r}")
    _av()


def _ending(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")


def _av() -> Any:
    try:
        import av
    except ImportError:
        raise InputError('videos need PyAV: pip install "ludometer[video]"') from None
    return av


class Film:
    """A video under way: a context in which frames are added, all of one size and shown equally long.

    It becomes the file when the context ends well; otherwise what was there stays as it was.

    Args:
        path: the file; its ending says which format.
        rate: frames a second.
        size: width and height of every frame, both even.

    Raises:
        InputError: the file cannot be written.
    """

    def __init__(self, path: Path, rate: Fraction, size: tuple[int, int]) -> None:
        self._path = path
        self._rate = rate
        self._size = size
        self._kind = _ending(path)
        self.encoder = _encoder(self._kind)
        self.best = self.encoder == next(iter(_ENCODERS[self._kind]))
        self.count = 0
        self._palettes = _palettes(size, 1 / rate) if self._kind == "gif" else None
        self._temporary: Path | None = None
        self._container: Any = None

    def __enter__(self) -> Film:
        try:
            with _writing(self._path):
                self._open()
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                with _writing(self._path):
                    self._finish()
        finally:
            self._discard()

    def add(self, image: Image.Image) -> None:
        """One more frame (RGB)."""
        frame = _av().VideoFrame.from_image(image)
        frame.pts, frame.time_base = self.count, 1 / self._rate
        self.count += 1
        with _writing(self._path):
            if self._palettes is None:
                self._encode(frame.reformat(format=_PIXELS[self._kind], dst_colorspace=_BT709))
            else:
                self._palettes.push(frame)
                self._drain(self._palettes)

    def _open(self) -> None:
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}-")
        os.close(handle)
        self._temporary = Path(name)
        options = {"movflags": "+faststart"} if self._kind == "mp4" else {}
        self._container = _av().open(name, "w", format=self._kind, options=options)
        settings = _ENCODERS[self._kind][self.encoder]
        self._stream = self._container.add_stream(self.encoder, rate=self._rate, options=settings)
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = _PIXELS[self._kind]
        if self._palettes is None:
            context = self._stream.codec_context
            context.gop_size = _KEYFRAMES
            context.colorspace = context.color_primaries = context.color_trc = _BT709

    def _finish(self) -> None:
        assert self._temporary is not None  # noqa: S101 - it was opened
        if self._palettes is not None:
            self._palettes.push(None)
            self._drain(self._palettes)
        self._encode(None)
        self._container.close()
        self._temporary.chmod(0o644)  # mkstemp makes files that only their owner reads
        self._temporary.replace(self._path)

    def _discard(self) -> None:
        """Take away what is not the file."""
        if self._container is not None:
            with suppress(OSError, _av().FFmpegError):  # what went wrong was told, or nobody needs it
                self._container.close()
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)

    def _drain(self, palettes: Any) -> None:
        while True:
            try:
                frame = palettes.pull()
            except (_av().BlockingIOError, _av().EOFError):
                return
            self._encode(frame)

    def _encode(self, frame: Any) -> None:
        self._container.mux(self._stream.encode(frame))


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """What goes wrong in writing, in one line."""
    try:
        yield
    except (OSError, _av().FFmpegError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise InputError(f"cannot write {str(path)!r}: {reason}") from None


def _encoder(kind: str) -> str:
    """The best encoder that this build of PyAV has.

    Raises:
        InputError: it has none.
    """
    available = _av().codecs_available
    for name in _ENCODERS[kind]:
        if name in available:
            return name
    raise InputError(f"this PyAV has no encoder for .{kind}; try another ending: .mp4, .gif or .webm")


def _palettes(size: tuple[int, int], time_base: Fraction) -> Any:
    """FFmpeg's filters that give each frame a palette of its own 256 colours, without dithering."""
    graph = _av().filter.Graph()
    source = graph.add_buffer(width=size[0], height=size[1], format="rgb24", time_base=time_base)
    split, sink = graph.add("split"), graph.add("buffersink")
    choose = graph.add("palettegen", "stats_mode=single")
    use = graph.add("paletteuse", "new=1:dither=none")
    source.link_to(split)
    split.link_to(choose, 0)
    split.link_to(use, 1, 0)
    choose.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    return graph
