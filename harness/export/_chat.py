"""Runs as training data: one line of JSON for each answer of a model, with exactly what it was asked.

The lines are TRL's conversational prompt-completion type (`prompt` and `completion`, lists of
``{"role", "content"}``; huggingface.co/docs/trl/dataset_formats), which trainers of its kind read too. What
else a line holds are further columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.api import Outcome
from harness.errors import InputError
from harness.export._files import replacing
from harness.export._pictures import Gallery
from harness.export._select import Selection
from harness.export._values import progress_after, returns_to_go, reward
from harness.records import CallRecord, Episode, MessageRecord, TurnRecord

Kind = Literal["sft", "rl"]

_ACTING = {str(outcome) for outcome in Outcome if outcome.acts}


@dataclass(slots=True)
class Exported:
    """What was written, and how many lines were left out since a picture in them is `lacking` (why)."""

    episodes: int = 0
    lines: int = 0
    pictures: int = 0
    left_out: int = 0
    lacking: str = ""


@dataclass(frozen=True, slots=True)
class _Form:
    """How lines are made. `parts`: content is a list of parts; `gallery`: where their pictures go."""

    kind: Kind
    lost: bool
    gallery: Gallery | None
    parts: bool = False


class _PictureFound(Exception):
    """A request has a picture, and content was to be plain text."""


def write_chat(
    selection: Selection, path: Path, kind: Kind, *, lost: bool = False, images: Path | None = None
) -> Exported:
    """Write the answers of models as JSONL, one line each; memory holds one episode.

    Args:
        selection: the episodes.
        path: the file.
        kind: ``sft`` (what was asked and answered) or ``rl`` (rewards with it).
        lost: whether the answers of turns that did not act are exported too.
        images: the folder where pictures go, as PNG. Without one, their hashes stand in the lines.

    Raises:
        InputError: nothing is selected, or a file is not an episode.
        CannotWrite: there is no room; no file is left.
    """
    gallery = Gallery(images) if images is not None else None
    with replacing(path) as temporary:
        try:
            # Plain strings are what most trainers read. With pictures content becomes a list of parts, and
            # then in every line, since a column has one type: so the file is begun anew at the first one.
            done = _write(selection, temporary, _Form(kind, lost, gallery))
        except _PictureFound:
            done = _write(selection, temporary, _Form(kind, lost, gallery, parts=True))
        if gallery is not None:
            done.lacking = gallery.lacking
        if not done.lines:
            raise InputError(f"nothing to export: {_why_nothing(selection, done)}")
    return done


def _why_nothing(selection: Selection, done: Exported) -> str:
    if done.left_out:
        return f"the pictures of all {done.left_out} answers are lacking ({done.lacking})"
    return f"no {'finished ' if selection.done else ''}episode with answers of a model is selected"


def _write(selection: Selection, path: Path, form: _Form) -> Exported:
    done = Exported()
    with path.open("wb") as stream:
        for run, episode in selection:
            before = done.lines
            for line in _lines(run, episode, form, done):
                stream.write(_json(line))
                done.lines += 1
            done.episodes += done.lines > before
    return done


_BREAKS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}


def _json(line: Mapping[str, Any]) -> bytes:
    """A line of JSON that is one line to everybody, also to those who break lines as Unicode does."""
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_BREAKS).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One call with all that was asked; `number` counts the calls of its turn."""

    turn: TurnRecord
    number: int
    call: CallRecord
    messages: tuple[MessageRecord, ...]

    @property
    def pictures(self) -> list[str]:
        """The hashes of its pictures, in order."""
        parts = (part for message in self.messages for part in message.parts)
        return [part["image"] for part in parts if "image" in part]


def _asked(episode: Episode) -> Iterator[_Asked]:
    """The calls of an episode's turns; what was asked after the last one belongs to no turn."""
    last, number = None, 0
    for index, call, messages in episode.requests():
        if index is None:
            return
        number = number + 1 if index == last else 0
        last = index
        yield _Asked(episode.turns[index], number, call, messages)


def _lines(run: Path, episode: Episode, form: _Form, done: Exported) -> Iterator[dict[str, Any]]:
    """The lines of an episode."""
    asked = [each for each in _asked(episode) if form.lost or each.turn.decision.outcome in _ACTING]
    had = _pictures(run, episode, asked, form)
    done.pictures += len(had)
    rewards = _rewards(episode) if form.kind == "rl" else None
    for each in asked:
        if not had.issuperset(each.pictures):
            done.left_out += 1
            continue
        line = _conversation(each, form) | _origin(run, episode, each)
        yield line if rewards is None else line | rewards[each.turn.index]


def _pictures(run: Path, episode: Episode, asked: Sequence[_Asked], form: _Form) -> set[str]:
    """The pictures of an episode's lines: where files are asked for, those that there are files of."""
    wanted = {picture for each in asked for picture in each.pictures}
    if wanted and not form.parts:
        raise _PictureFound
    return wanted if form.gallery is None or not wanted else form.gallery.add(run, episode, wanted)


def _conversation(asked: _Asked, form: _Form) -> dict[str, Any]:
    """The columns that trainers look for."""
    answer = MessageRecord(role="assistant", parts=({"text": asked.call.text},))
    line: dict[str, Any] = {
        "prompt": [_message(message, form) for message in asked.messages],
        "completion": [_message(answer, form)],
    }
    if form.parts and form.gallery is not None:
        line["images"] = [str(form.gallery.file(picture)) for picture in asked.pictures]
    return line


def _message(message: MessageRecord, form: _Form) -> dict[str, Any]:
    if form.parts:
        return {"role": message.role, "content": [_part(part, form) for part in message.parts]}
    return {"role": message.role, "content": "".join(part["text"] for part in message.parts)}


def _part(part: Mapping[str, str], form: _Form) -> dict[str, str]:
    if "image" not in part:
        return {"type": "text", "text": part["text"]}
    if form.gallery is None:
        return {"type": "image", "image": f"sha256:{part['image']}"}
    return {"type": "image"}  # the next one of the column `images`: TRL fills such places from there


def _origin(run: Path, episode: Episode, asked: _Asked) -> dict[str, Any]:
    """Where a line is from, and how it ended."""
    header, choices = episode.header, asked.call.request.choices
    return {
        "reasoning": asked.call.reasoning,
        "choices": None if choices is None else list(choices),
        "run": str(run),
        "episode": header.episode,
        "task": header.task,
        "seed": header.seed,
        "agent": header.agent,
        "model": asked.call.model or header.model,
        "turn": asked.turn.index,
        "call": asked.number,
        "outcome": asked.turn.decision.outcome,
        "score": episode.end.progress.value if episode.end is not None else None,
    }


def _rewards(episode: Episode) -> list[dict[str, Any]]:
    """What each turn of an episode was worth."""
    header, turns = episode.header, episode.turns
    returns, progress = returns_to_go(turns), progress_after(episode)
    return [
        {
            "group": f"{header.task}#{header.seed}",
            "reward": reward(turn),
            "return": returns[0],
            "return_to_go": returns[turn.index],
            "progress": progress[turn.index],
            "done": episode.end is not None and turn.index == len(turns) - 1,
        }
        for turn in turns
    ]
