"""The keyboard: every command by a name, and one grammar for what follows it.

    action    = [count] command {answer}     "open west", "20 search", "throw d east", "travel >"
              | [count] key {answer}         "20s", "o west", "^d east"
              | answer {answer}              "a", "yes", "north": only while the game asks something
    answer    = direction | letter or sign | number | "yes" | "no" | "enter" | "esc" | "next page"
              | "a quoted line"

An answer is sent only while the game asks something: the rest of an action whose command was refused
is dropped, so that no letter is taken for another command. A command that is given while the game
asks something cancels the question first.

Left out are the keys that leave the game or change what kind of game it is: save, quit, the shell, and
explore mode; ``#`` takes only the names below.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from games.api import Action, UnknownAction

ESC, ENTER, SPACE = 27, 13, 32


def _meta(letter: str) -> int:
    return 0x80 | ord(letter)


def _control(letter: str) -> int:
    return 0x1F & ord(letter)


class Asking(StrEnum):
    """What the game waits for."""

    NOTHING = ""  # a command
    DIRECTION = "direction"
    QUESTION = "question"  # one key: an item's letter, yes or no
    LINE = "line"  # a line of text
    MENU = "menu"
    PLACE = "place"  # the cursor is to be moved to a place on the map


class Kind(StrEnum):
    """What a piece of an action is, which says when it may be sent."""

    COMMAND = "command"  # now; a question that is open is cancelled first
    MORE = "more"  # belongs to the command before it (a count, a prefix's direction, a place)
    ANSWER = "answer"  # only while the game asks something
    LINE = "line"  # only while the game asks for a line of text


class Piece(NamedTuple):
    """Some keys that are sent together."""

    kind: Kind
    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the game. `after` says what it takes besides plain answers: "direction" or "place"."""

    name: str
    key: int
    description: str
    aliases: tuple[str, ...] = ()
    after: str = ""


DIRECTIONS = {
    "north": "k",
    "northeast": "u",
    "east": "l",
    "southeast": "n",
    "south": "j",
    "southwest": "b",
    "west": "h",
    "northwest": "y",
}

_SHORT = {"ne": "northeast", "se": "southeast", "sw": "southwest", "nw": "northwest"}


def _moves() -> list[Command]:
    steps = [
        Command(
            name, ord(key), f"go one step {name}, attacking what stands there", (f"go {name}", f"move {name}")
        )
        for name, key in DIRECTIONS.items()
    ]
    runs = [
        Command(f"far {name}", ord(key.upper()), f"go {name} until something is met", (f"run {name}",))
        for name, key in DIRECTIONS.items()
    ]
    return steps + runs


COMMANDS: tuple[Command, ...] = (
    *_moves(),
    Command("up", ord("<"), "climb the stairs up that you stand on", ("go up", "climb up")),
    Command("down", ord(">"), "go down the stairs that you stand on", ("go down", "descend")),
    Command("wait", ord("."), "do nothing for a turn", ("rest",)),
    Command("search", ord("s"), "look for hidden doors and traps next to you"),
    Command("open", ord("o"), "open a door", ("open door",)),
    Command("close", ord("c"), "close a door", ("close door",)),
    Command("kick", _control("d"), "kick what is next to you (also a locked door)"),
    Command("fight", ord("F"), "strike in a direction even if nothing is seen there", (), "direction"),
    Command("move", ord("m"), "step in a direction without fighting or picking up", (), "direction"),
    Command("rush", ord("g"), "run in a direction until something is met", (), "direction"),
    Command("run", ord("G"), "run in a direction, following corridors", (), "direction"),
    Command("run past", ord("M"), "run in a direction without picking up", ("movefar",), "direction"),
    Command("travel", ord("_"), "walk to a place of a known kind: travel >, travel <, travel _", (), "place"),
    Command("glance", ord(";"), "say what a sign on the map is: glance m (monster), glance d (door)",
            (), "place"),
    Command("pick up", ord(","), "pick up what lies here", ("pickup", "get", "take")),
    Command("look", ord(":"), "say what lies here", ("look here",)),
    Command("drop", ord("d"), "put down an item"),
    Command("drop many", ord("D"), "put down items of several kinds", ("droptype",)),
    Command("throw", ord("t"), "throw an item in a direction"),
    Command("fire", ord("f"), "shoot from the quiver in a direction"),
    Command("quiver", ord("Q"), "choose what fire shoots"),
    Command("wield", ord("w"), "take a weapon in hand (- for bare hands)"),
    Command("swap", ord("x"), "swap the first and the second weapon", ("exchange weapons",)),
    Command("two weapons", ord("X"), "fight with two weapons, or stop it", ("twoweapon",)),
    Command("wear", ord("W"), "put on armour"),
    Command("take off", ord("T"), "take off armour", ("takeoff",)),
    Command("take off all", ord("A"), "take off several things", ("takeoffall",)),
    Command("put on", ord("P"), "put on a ring or an amulet", ("puton",)),
    Command("remove", ord("R"), "take off a ring or an amulet"),
    Command("eat", ord("e"), "eat an item, or what lies here"),
    Command("quaff", ord("q"), "drink a potion, or from a fountain", ("drink",)),
    Command("read", ord("r"), "read a scroll or a spellbook"),
    Command("zap", ord("z"), "zap a wand"),
    Command("cast", ord("Z"), "cast a spell that you know"),
    Command("apply", ord("a"), "use a tool", ("use",)),
    Command("engrave", ord("E"), "write on the floor: engrave - \"words\" writes with a finger"),
    Command("pay", ord("p"), "pay a shopkeeper"),
    Command("inventory", ord("i"), "list what you carry"),
    Command("inventory by kind", ord("I"), "list one kind of what you carry", ("inventtype",)),
    Command("see all equipment", ord("*"), "list what is in use"),
    Command("see armour", ord("["), "list the armour in use", ("seearmor",)),
    Command("see weapon", ord(")"), "tell the weapon in hand", ("seeweapon",)),
    Command("see rings", ord("="), "list the rings in use", ("seerings",)),
    Command("see amulet", ord('"'), "tell the amulet in use", ("seeamulet",)),
    Command("see tools", ord("("), "list the tools in use", ("seetools",)),
    Command("see spells", ord("+"), "list the spells you know", ("seespells",)),
    Command("see gold", ord("$"), "count your gold", ("seegold",)),
    Command("see trap", ord("^"), "say what trap is next to you", ("seetrap",), "direction"),
    Command("what is", ord("/"), "say what a sign means", ("whatis",)),
    Command("what does", ord("&"), "say what a key does", ("whatdoes",)),
    Command("discoveries", ord("\\"), "list the kinds of item you have found out", ("known",)),
    Command("discoveries by kind", ord("`"), "list one kind of them", ("knownclass",)),
    Command("attributes", _control("x"), "tell your abilities"),
    Command("overview", _control("o"), "tell what you know of the dungeon"),
    Command("name", ord("C"), "give a name to a thing or a kind of thing", ("call",)),
    Command("autopickup", ord("@"), "turn picking up by walking over things on or off"),
    Command("options", ord("O"), "look at the game's options"),
    Command("version", ord("v"), "tell the game's version", ("versionshort",)),
    Command("redraw", _control("r"), "draw the screen again"),
    Command("teleport", _control("t"), "teleport, if you have the power"),
    Command("adjust", _meta("a"), "change an item's letter"),
    Command("annotate", _meta("A"), "give this level a note"),
    Command("chat", _meta("c"), "talk to someone", ("talk",)),
    Command("conduct", _meta("C"), "list the conducts you have kept"),
    Command("dip", _meta("d"), "dip an item into something"),
    Command("enhance", _meta("e"), "list your skills, and advance them"),
    Command("force", _meta("f"), "force the lock of a box"),
    Command("invoke", _meta("i"), "use an artifact's power"),
    Command("jump", _meta("j"), "jump to a place, if you have the power"),
    Command("loot", _meta("l"), "open a box that lies here"),
    Command("monster", _meta("m"), "use a power of the monster that you are"),
    Command("offer", _meta("o"), "sacrifice at an altar"),
    Command("pray", _meta("p"), "pray to your god: pray yes"),
    Command("ride", _meta("R"), "mount or leave a steed"),
    Command("rub", _meta("r"), "rub a lamp or a stone"),
    Command("sit", _meta("s"), "sit down"),
    Command("tip", _meta("T"), "empty a box"),
    Command("turn undead", _meta("t"), "turn the undead away", ("turn",)),
    Command("untrap", _meta("u"), "disarm a trap or unlock"),
    Command("list of versions", _meta("v"), "tell how the game was built"),
    Command("wipe", _meta("w"), "wipe your face"),
    Command("list commands", _meta("?"), "list the extended commands", ("extlist",)),
)  # fmt: skip

ANSWERS = (
    Action("esc", "cancel what the game asks", "esc", ("escape", "cancel")),
    Action("enter", "confirm: a menu's choice, or the end of a line", "enter", ("return", "more", "confirm")),
)
"""Answers that are always accepted, also when nothing is asked."""

_ALWAYS = {
    word: key
    for answer, key in zip(ANSWERS, (ESC, ENTER), strict=True)
    for word in (answer.name, *answer.aliases)
}
_ANSWER_KEYS = {
    "yes": ord("y"),
    "no": ord("n"),
    **_ALWAYS,
    "space": SPACE,
    "next page": ord(">"),
    "here": ord("."),
    "down": ord(">"),
    "up": ord("<"),
}
_FILLERS = frozenset({"to", "the", "at", "item", "direction", "with", "in"})
_PREFIXES = {command.key for command in COMMANDS if command.after == "direction"}
_PLACES = {command.key for command in COMMANDS if command.after == "place"}
_BY_NAME = {name: command for command in COMMANDS for name in (command.name, *command.aliases)}
_BY_KEY = {command.key: command for command in COMMANDS}
_LONGEST = max(len(name.split()) for name in _BY_NAME)
_TOKEN = re.compile(r'"([^"]*)"|(\S+)')
_COUNT = re.compile(r"(\d{1,4})\s*(?=\D)")
_MOST_LINE = 60  # characters of a line of text, so that it stays on the terminal's row


def vocabulary(commands: Sequence[Command] = COMMANDS, *, answers: bool = True) -> tuple[Action, ...]:
    """The commands as actions, with the two answers that are always accepted unless `answers` is off."""
    named = (
        Action(command.name, command.description, command.name, (*command.aliases, *_as_key(command.key)))
        for command in commands
    )
    return (*named, *ANSWERS) if answers else tuple(named)


def commands_of(keys: Iterable[int]) -> tuple[Command, ...]:
    """The commands that have these keys, in the order of the keys; keys of no command are left out."""
    return tuple(_BY_KEY[int(key)] for key in keys if int(key) in _BY_KEY)


def _as_key(key: int) -> tuple[str, ...]:
    return (chr(key),) if SPACE < key < 127 else ()


def parse(text: str, asking: Asking) -> list[Piece]:
    """The keys of an action, by what the game waits for.

    Raises:
        UnknownAction: the text is not of the grammar.
    """
    text = text.strip()
    if not text or not text.isprintable():
        raise UnknownAction("an action is a command's name or an answer")
    if text.lower() in _ALWAYS:
        return [Piece(Kind.ANSWER, (_ALWAYS[text.lower()],))]
    if asking is Asking.LINE:
        return [_line(text.strip('"'))]
    if asking is not Asking.NOTHING and (answers := _answers(text, asking)):
        return answers
    return _command(text)


def _answers(text: str, asking: Asking) -> list[Piece]:
    """The text as answers alone; empty where it is a command, which cancels the question."""
    if text.lower() in _ANSWER_KEYS:  # "next page" is two words
        return [Piece(Kind.ANSWER, (_ANSWER_KEYS[text.lower()],))]
    leads = text.split(maxsplit=1)[0].lower() in DIRECTIONS
    if leads and asking not in (Asking.DIRECTION, Asking.PLACE):
        return []
    if not leads and _named(text) is not None:
        return []
    try:
        return [_piece(*token) for token in _tokens(text)]
    except UnknownAction:
        return []


def _command(text: str) -> list[Piece]:
    count = _COUNT.match(text)
    digits = tuple(ord(digit) for digit in count.group(1)) if count else ()
    rest = text[count.end() :] if count else text
    command, after = _head(rest)
    keys = Piece(Kind.COMMAND, (*digits, command.key))
    return [keys, *_tail(command, after)]


def _head(text: str) -> tuple[Command, str]:
    """The command that a text begins with, and what is left of it."""
    if (found := _named(text)) is not None:
        return found
    first, _, rest = text.partition(" ")
    key = _key(first)
    if key in _BY_KEY:
        return _BY_KEY[key], rest
    raise UnknownAction(f'no command is called "{text[:40]}", and the game asks nothing that it could answer')


def _named(text: str) -> tuple[Command, str] | None:
    words = text.removeprefix("#").split()
    for size in range(min(_LONGEST, len(words)), 0, -1):
        command = _BY_NAME.get(" ".join(words[:size]).lower())
        if command is not None and (size > 1 or len(words[0]) > 1):
            return command, text.split(None, size)[size] if len(words) > size else ""
    return None


def _key(word: str) -> int | None:
    """A key as it is written: ``s``, ``^d``, ``M-p``."""
    if len(word) == 1:
        return ord(word)
    if len(word) == 2 and word[0] == "^":
        return _control(word[1])
    if len(word) == 3 and word[:2] == "M-":
        return _meta(word[2])
    return None


def _tail(command: Command, rest: str) -> list[Piece]:
    tokens = _tokens(rest)
    if command.key in _PLACES:
        return _place(tokens)
    if command.key in _PREFIXES:
        return _direction(command, tokens)
    return [_piece(*token) for token in tokens]


def _direction(command: Command, tokens: list[tuple[str, bool]]) -> list[Piece]:
    """A prefix takes its direction at once; without one it would swallow the next command."""
    if not tokens:
        return [Piece(Kind.MORE, (ESC,))]
    if len(tokens) > 1 or tokens[0][0].lower() not in (*DIRECTIONS, *DIRECTIONS.values()):
        said = " ".join(token for token, _ in tokens)
        raise UnknownAction(f'"{command.name}" takes one direction, not "{said[:40]}"')
    return [Piece(Kind.MORE, _piece(*tokens[0]).keys)]


def _place(tokens: list[tuple[str, bool]]) -> list[Piece]:
    """Signs that move the cursor to a place of their kind, and the dot that chooses it."""
    keys = [key for token, quoted in tokens for key in _piece(token, quoted).keys]
    if not keys:
        return [Piece(Kind.MORE, (ESC,))]
    if keys[-1] not in (ord("."), ord(","), ESC):
        keys.append(ord("."))
    return [Piece(Kind.MORE, (key,)) for key in keys]


def _tokens(text: str) -> list[tuple[str, bool]]:
    """Words and quoted lines, without the words that only join."""
    found = [(quoted or word, not word) for quoted, word in _TOKEN.findall(text)]
    return [(word, quoted) for word, quoted in found if quoted or word.lower() not in _FILLERS]


def _piece(token: str, quoted: bool) -> Piece:
    if quoted:
        return _line(token)
    keys = _answer(token)
    if keys is None:
        raise UnknownAction(f'"{token[:40]}" is no answer; give a direction, a letter, or a line in quotes')
    return Piece(Kind.ANSWER, keys)


def _line(text: str) -> Piece:
    return Piece(Kind.LINE, (*text[:_MOST_LINE].encode("ascii", "replace"), ENTER))


def _answer(token: str) -> tuple[int, ...] | None:
    if len(token) == 1 and SPACE < ord(token) < 127:
        return (ord(token),)
    lowered = _SHORT.get(token.lower(), token.lower())
    if lowered in DIRECTIONS:
        return (ord(DIRECTIONS[lowered]),)
    if lowered in _ANSWER_KEYS:
        return (_ANSWER_KEYS[lowered],)
    if token.isascii() and token.isdigit() and len(token) <= 4:
        return tuple(ord(digit) for digit in token)
    return None
