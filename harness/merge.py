"""Shards of one run, put together into one run folder. They are copied, never moved or changed."""

from __future__ import annotations

import fcntl
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from harness.errors import InputError
from harness.folder import SIDE_FILES, RunFolder, differences
from harness.records import (
    Header,
    RunRecord,
    Status,
    TornLine,
    episode_files,
    read_episode,
    read_lines,
    read_record,
)
from harness.spec import config_hash
from harness.storage import replace_file


@dataclass(frozen=True, slots=True)
class Merged:
    """What is in the merged folder. `copied` counts the episodes that were not there before.

    `missing` is how many episodes the run still lacks, of agents and tasks that it has episodes of.
    """

    copied: int
    done: int
    failed: int
    unfinished: int
    missing: int
    versions: tuple[str, ...]  # the packages whose versions differ between the shards


@dataclass(frozen=True, slots=True)
class _Found:
    """An episode's file, checked."""

    path: Path
    header: Header
    status: Status


def merge(shards: Sequence[Path], out: Path) -> Merged:
    """Put shards into a folder, new or merged before from shards of the same run.

    Everything is checked before anything is written. An episode that several shards hold is taken once:
    they must hold the same, or one of them its beginning.

    Raises:
        InputError: a folder is no run, is of another run, or is being written; an episode does not belong to
            the run, is damaged, or is held with different content.
        CannotWrite: there is no room; what was copied before stays.
    """
    records = [read_record(shard) for shard in shards]
    _check_same_run(shards, records)
    _check_apart(shards, out)
    with ExitStack() as held:
        for shard in shards:
            held.enter_context(_still(shard))
        chosen = _chosen(shards, records[0])
        if not chosen:
            raise InputError(f"{shards[0]} holds no episode yet")
        target = RunFolder(out)
        held.enter_context(target.lock())
        target.begin(records[0])
        chosen = _chosen([out], records[0], chosen)
        copied = [_copy(found, out / "episodes" / name) for name, found in chosen.items()]
        _copy_pictures(shards, out)
    statuses = Counter(found.status for found in chosen.values())
    return Merged(
        copied=sum(copied),
        done=statuses[Status.DONE],
        failed=statuses[Status.FAILED],
        unfinished=statuses[Status.UNFINISHED],
        missing=_missing([found.header for found in chosen.values()], records[0]),
        versions=_differing([record.versions for record in records]),
    )


def _check_same_run(shards: Sequence[Path], records: Sequence[RunRecord]) -> None:
    first = records[0]
    for shard, record in zip(shards, records, strict=True):
        if record.config != first.config:
            differ = "; ".join(differences(first.config, record.config))
            raise InputError(f"{shard} is no shard of the run in {shards[0]} ({differ})")
        if record.config_hash != config_hash(record.config):
            raise InputError(f"{shard / 'run.json'} was changed: its hash is not that of its config")


def _check_apart(shards: Sequence[Path], out: Path) -> None:
    for shard in shards:
        one, other = shard.resolve(), out.resolve()
        if one == other or one in other.parents or other in one.parents:
            raise InputError(f"--out {out} and the shard {shard} are in one another; choose another --out")


@contextmanager
def _still(folder: Path) -> Iterator[None]:
    """Keep a run from being written while it is read; the folder may be read-only.

    Raises:
        InputError: a process is writing there.
    """
    try:
        stream = (folder / ".lock").open(encoding="utf-8")
    except FileNotFoundError:
        yield  # nobody has ever written here since it was copied
        return
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = stream.read().strip() or "another process"
            raise InputError(f"{folder} is being written by {owner}; wait for it or stop it") from None
        yield


def _chosen(
    folders: Sequence[Path], record: RunRecord, others: Mapping[str, _Found] = MappingProxyType({})
) -> dict[str, _Found]:
    """The file to take for each episode, by its path below ``episodes``; `others` were found elsewhere."""
    chosen = dict(others)
    for folder in folders:
        for path in episode_files(folder):
            name = str(path.relative_to(folder / "episodes"))
            found = _checked(path, name, record)
            if found is not None:
                chosen[name] = _longer(found, chosen[name]) if name in chosen else found
    return chosen


def _checked(path: Path, name: str, record: RunRecord) -> _Found | None:
    """An episode of the run, read whole; None where nothing is recorded yet."""
    episode = read_episode(path)
    if episode is None:
        return None
    if fault := _misfit(episode.header, name, record):
        raise InputError(f"{path} does not belong to this run ({fault}); take it out of the folder")
    return _Found(path, episode.header, episode.status)


def _misfit(header: Header, name: str, record: RunRecord) -> str:
    """Why an episode is none of a run's; empty where it is one."""
    config = record.config
    if header.config_hash != record.config_hash:
        return f"its config hash is {header.config_hash}, that of run.json {record.config_hash}"
    if f"{header.episode}.jsonl" != name:
        return f"its header says that it is {header.episode}"
    if (header.suite, header.suite_version) != (config["suite"], config["suite_version"]):
        return f"it is of the suite {header.suite} {header.suite_version}"
    if _player(header) not in config["entrants"]:
        return f"{_player(header)} does not play in it"
    if header.index >= config["tasks"].get(header.task, {"episodes": 0})["episodes"]:
        return f"it has no episode {header.index} of {header.task}"
    return ""


def _player(header: Header) -> str:
    """An entrant as run.json names it."""
    return f"{header.resolved} @ {header.model}"


def _longer(one: _Found, other: _Found) -> _Found:
    """The one of two files of an episode that goes on where the other ends; the first where none does."""
    ours, theirs = _whole(one.path), _whole(other.path)
    if ours.startswith(theirs):
        return one
    if theirs.startswith(ours):
        return other
    raise InputError(
        f"{one.path} and {other.path} are the same episode, played differently; take one of them away"
    )


def _whole(path: Path) -> bytes:
    """The whole lines of a file."""
    data = path.read_bytes()
    try:
        for _ in read_lines(path):
            pass
    except TornLine as torn:
        return data[: torn.offset]
    return data if data.endswith(b"\n") else data + b"\n"


def _copy(found: _Found, target: Path) -> bool:
    """Copy an episode with what it needs to go on; False where it is there already."""
    if found.path == target:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    for suffix in SIDE_FILES:
        beside, copy = found.path.with_suffix(suffix), target.with_suffix(suffix)
        if beside.exists():
            replace_file(copy, beside.read_bytes())
        else:
            copy.unlink(missing_ok=True)  # of an earlier, shorter copy
    replace_file(target, found.path.read_bytes())
    return True


def _copy_pictures(shards: Sequence[Path], out: Path) -> None:
    """Copy the pictures that are not there yet: their names are the hashes of what is in them."""
    for shard in shards:
        for picture in sorted((shard / "pictures").rglob("*.png")):
            target = out / picture.relative_to(shard)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                replace_file(target, picture.read_bytes())


def _missing(headers: Sequence[Header], record: RunRecord) -> int:
    """How many episodes there are too few, of agents and tasks that there are any of.

    Not every agent plays every task (an oracle does not, where a task has none), so others are not counted.
    """
    have = Counter((_player(header), header.task) for header in headers)
    return sum(record.config["tasks"][task]["episodes"] - count for (_, task), count in have.items())


def _differing(versions: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    packages = sorted({name for each in versions for name in each})
    return tuple(name for name in packages if len({each.get(name) for each in versions}) > 1)
