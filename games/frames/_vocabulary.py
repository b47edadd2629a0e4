"""What a task's player can say by name, and examples of lines, made of the task's own buttons."""

from __future__ import annotations

from games.api import Action
from games.frames._grammar import Grammar
from games.frames._spec import Spec

_RARE = ("start", "select", "escape")  # no good examples of what is pressed while walking


def vocabulary(spec: Spec, grammar: Grammar) -> tuple[Action, ...]:
    """The buttons as named actions, waiting, and the spec's further lines."""
    named = [(name, about) for name, about in spec.controls.items()]
    if "wait" not in spec.controls:
        named.append(("wait", "press nothing new"))
    named += [(line, "a line of the grammar below") for line in spec.actions]
    named += [(line, "click at that place, for example") for line in _clicks(spec, grammar)]
    return tuple(Action(name, about, grammar.parse(name)) for name, about in named)


def _clicks(spec: Spec, grammar: Grammar) -> list[str]:
    """Some places of the picture to click at: whoever chooses among named actions needs them."""
    if grammar.pointer is None or "click" not in spec.controls:
        return []
    width, height = grammar.pointer
    return [f"click {width * x // 8} {height * y // 6}" for y in (1, 3, 5) for x in (1, 3, 5, 7)]


def examples(spec: Spec, grammar: Grammar) -> tuple[str, ...]:
    """Lines that the task understands, made of its own buttons."""
    if grammar.pointer is not None:
        return _with_a_mouse(spec, grammar.pointer)
    first, *rest = spec.controls
    other = next((name for name in reversed(rest) if name not in _RARE), first)
    found = [first, f"{other} 4", f"hold {first} 30 then {other} 4", f"hold {first}", "release", "wait 20"]
    if rest:
        found.append(f"{first}+{other} 10")
    return tuple(found)


def _with_a_mouse(spec: Spec, size: tuple[int, int]) -> tuple[str, ...]:
    x, y = size[0] // 2, size[1] // 2
    keys = [name for name in spec.controls if name not in ("click", "rightclick")]
    found = [f"{name} {x} {y}" for name in ("click", "rightclick") if name in spec.controls]
    found += [f"move {x} {y} then wait 20", "wait 40", *keys[:1]]
    if "click" in spec.controls:
        found.append(f"drag {x} {y} {x + 9} {y}")
    return tuple(found)
