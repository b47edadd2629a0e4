"""The response cache: off by default, one file an answer, the key holds everything that matters."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.api import Completion, Request, Text, Usage, values


class ResponseCache:
    """Answers by the hash of provider, model, options, the whole request, episode and turn.

    The episode (with its seed) and the turn are in the key, so that two episodes that happen to ask
    the same keep answers of their own, as samples must be.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def key(self, provider: str, model: str, options: Mapping[str, Any], request: Request) -> str:
        """The key of a request."""
        shown = {name: repr(value) for name, value in options.items()}
        return fingerprint(request, provider=provider, model=model, options=shown)

    def get(self, key: str) -> Completion | None:
        """The answer kept under a key, None where there is none or it cannot be read."""
        try:
            data = json.loads(self._path(key).read_text(encoding="utf-8"))
            return Completion(**{**data, "usage": Usage(**data["usage"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def put(self, key: str, completion: Completion) -> None:
        """Keep an answer, whole or not at all."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(asdict(completion), stream)
        Path(temporary).replace(path)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"


def fingerprint(request: Request, **more: Any) -> str:
    """A hash of all that a request says, its place in its episode included, and of `more`."""
    digest = hashlib.sha256()
    plain = {
        **more,
        "choices": request.choices,
        "sampling": values(request.sampling),
        "episode": request.episode,
        "turn": request.turn,
        "call": request.call,
        "roles": [message.role for message in request.messages],
    }
    digest.update(json.dumps(plain, sort_keys=True).encode())
    pieces = []
    for message in request.messages:
        for part in message.parts:
            data = part.text.encode("utf-8", "surrogatepass") if isinstance(part, Text) else part.png
            pieces += [b"%s%d:" % (b"t" if isinstance(part, Text) else b"i", len(data)), data]
        pieces.append(b"/")
    digest.update(b"".join(pieces))
    return digest.hexdigest()
