"""Every word that a model reads is held to the truth, and to plain form.

In this order: the checks, which are functions from texts to faults; proof that each of them can fail; the
stage, on which every agent plays films of real games and all that it sends is kept; and the lint itself.
"""

import asyncio
import re
import string
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment, Template, meta, nodes

import prompts
from games.api import Action, Observation, Section, UnknownAction
from games.nethack._keys import Asking, parse
from harness import acting, demonstrations, plugins, settings
from harness.api import (
    AgentContext,
    Completion,
    Decision,
    Memory,
    Outcome,
    PastTurn,
    Trial,
    Turn,
)
from harness.demonstrations import Demonstration, Shown
from harness.histories._delta import delta
from harness.histories._messages import section_text
from harness.parsing import decide, labelled
from harness.play import _carried_out
from harness.records import SectionRecord
from harness.state import State, notice
from harness.tasks import all_tasks, info
from harness.testing._samples import ACTIONS, turn
from harness.world import Briefing, World
from prompts import render

# -------------------------------------------------------------------------------- the checks: of any text

SCREEN = "(screen)"
"""Stands for the text of a section: what a game shows has its own form."""

LEAKS = {
    "a Python object": r"<[\w.]+ object at 0x|<(?:object|function|class|bound method)\b",
    "a Python container": r"\bdict_\w+|\barray\(|\{'|\['|\bdtype=|\b(?:frozenset|OrderedDict)\(",
    "a value of the harness": r"\b(?:Stability|Outcome|Starts)\.|\b(?:Action|Section|Observation)\(",
    "a number's type": r"\bnp\.|\b(?:float|u?int)\d+\b",
    "a Python constant": r"\b(?:None|True|False|nan|inf)\b",
    "a Python string": r"(?<![\w'])'[\w ]+'(?!\w)",
    "unrendered Jinja": r"\{\{|\}\}|\{%|%\}|\{#|#\}|\bUndefined\b",
}
SCREEN_LEAKS = {
    "a Python object": LEAKS["a Python object"],
    "a Python container": r"\bdict_\w+|\barray\(|\bdtype=",
    "a value of the harness": LEAKS["a value of the harness"],
    "a number's type": LEAKS["a number's type"],
}
"""Of what a game shows only this: NetHack's map may well hold ``['``, and its messages "None"."""

FORM = {
    "three blank lines": r"\n(?:[ \t]*\n){3,}",
    "a space at the end of a line": r"[ \t]+$",
    "a word twice": r"\b([A-Za-z]+) +\1\b",
    "two marks": r"(?<!\.)\.\.(?!\.)|,,|;;|::|[,;:]\.|\.[,;]",
    "a space before a mark": r"(?<=\S) [.,](?=\s|$)",
    "two spaces": r"(?<=\S) {2,}(?=\S)",
    "a range of one": r"(?<![\w.-])(\d+) to \1(?![\w.])",
    "one of many": r"(?<![\w.,-])1 (?:actions|cells|characters|examples|numbers|steps|subgoals|words)\b",
    "a screen that begins within a line": rf"[^\n]\[[^\]\n]+\]\n{re.escape(SCREEN)}",
    "text that goes on in a screen's line": rf"{re.escape(SCREEN)}[^\n]",
}


_kept = lru_cache(maxsize=2_000)  # an agent sends most of its messages again and again


@_kept
def leaks(text: str, *, screen: bool = False) -> list[str]:
    """What shows through of Python and Jinja; `screen` says that what games show is among the words."""
    return _found(text, SCREEN_LEAKS if screen else LEAKS)


@_kept
def layout(text: str) -> list[str]:
    """What is not plain form in words of ours."""
    # Signs of NetHack's map, which are told among the words.
    return _found(text.replace(", . is floor", ", it is floor"), FORM)


def _found(text: str, patterns) -> list[str]:
    return [
        f"{what}: {_around(text, hit)!r}"
        for what, pattern in patterns.items()
        for hit in re.finditer(pattern, text, re.M | (re.I if what == "a word twice" else 0))
    ]


def _around(text: str, hit) -> str:
    """A hit with some words of its line around it."""
    before, after = text[: hit.start()].rpartition("\n")[2], text[hit.end() :].partition("\n")[0]
    return f"{before[-30:]}{hit.group()}{after[:30]}"


def masked(text: str, screens: dict[str, str]) -> str:
    """The text with what games show taken out; `screens` are the sections as they are shown, by name."""
    for shown in sorted(screens, key=len, reverse=True):
        text = text.replace(shown, f"[{screens[shown]}]\n{SCREEN}")
    return text


def stray_blanks(text: str) -> list[str]:
    """Blank space around a whole message."""
    return [] if text == text.strip() else [f"blank space around {text[:30]!r}"]


# ------------------------------------------------------------------------- the checks: of claims of games


def wrong_limit(instructions: str, limit: int) -> list[str]:
    """Numbers of steps after which the episode is said to end, but does not; or that none is told."""
    told = [
        number.replace(",", "")
        for sentence in re.split(r"(?<=[.!?])\s+|\n", instructions)
        if re.search(r"\b(?:ends?|counted over)\b", sentence)
        for number in re.findall(r"\b(\d[\d,]*) steps?\b", sentence)
    ]
    wrong = [f"{number} steps are told, {limit} are true" for number in told if number != str(limit)]
    return wrong or ([] if told else ["the limit is not told"])


_LIST = re.compile(r"^(?:Actions|Commands|Some actions, as examples):\n((?:- .*(?:\n|\Z))*)", re.M)


def wrong_list(instructions: str, actions) -> list[str]:
    """Actions that are not listed exactly once, and listed ones that the vocabulary does not have."""
    lists = _LIST.findall(instructions)
    if len(lists) != 1:
        return [f"there are {len(lists)} lists of actions"]
    lines = [line[2:] for line in lists[0].splitlines()]
    whole = instructions.splitlines()
    known = {f"{action.name}: {action.description}" for action in actions}
    counts = {line: whole.count(f"- {line}") for line in sorted(known)}
    wrong = [f"{line!r} is listed {count} times" for line, count in counts.items() if count != 1]
    return wrong + [f"{line!r} is not in the vocabulary" for line in lines if line not in known]


def quoted(text: str) -> list[str]:
    """What stands in double quotes. A quote sign before a blank is a sign of NetHack's."""
    return re.findall(r'"([^"\s](?:[^"\n]*[^"\s])?)"', text)


def unknown_quotes(text: str, known) -> list[str]:
    """Quoted words that are nothing that the player can see or say."""
    return [f'"{words}" is no section, action or answer' for words in quoted(text) if not known(words)]


def untold_goal(instructions: str, goals) -> list[str]:
    """Parts of the goal that the instructions leave out."""
    return [f"the goal is not told: {goal!r}" for goal in goals if goal not in instructions]


# ------------------------------------------------------------------------ the checks: of claims of agents

DIFF_NOTE = render("histories/diff.j2")
_DIFF = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@$|^\[[^\]\n]+\] changed:$", re.M)


def wrong_note(texts, *, diff: bool) -> list[str]:
    """Whether one call's messages show changes without saying how they are to be read, or the reverse."""
    system, *rest = texts
    shown = any(_DIFF.search(text) for text in rest)
    if shown and not any(DIFF_NOTE in text for text in texts):
        return ["changes are shown, and it is not told how to read them"]
    if DIFF_NOTE in system and not diff and not shown:
        return ["it is told how to read changes, but the history shows none"]
    return []


_LABEL = re.compile(r'(?:last line|one line) that reads "(\w+: )"')
_HEAD = re.compile(r'write a line "(\w+:)" and below it the actions')
_BARE = re.compile(r"Answer every message with (?:one action|the name of exactly one action)\b")
_PROSE = re.compile(r"Do not choose an action now|Write the (?:summary|paragraph) and nothing else")


def asked_form(system: str, question: str) -> str | None:
    """What the action of an answer is to stand behind, by the prompt's own words; None for prose."""
    if _PROSE.search(question):
        return None
    for text in (question, system):
        if found := _LABEL.search(text):
            return found.group(1)
        if found := _HEAD.search(text):
            return f"{found.group(1)}\n"
    return "" if _BARE.search(system) else None


# --------------------------------------------------------------------------- the checks: of the templates


def needed(environment: Environment, name: str, bound=frozenset()) -> set[str]:
    """The names that a template uses and does not set, in whatever branch, those that it includes too."""
    tree = environment.parse(environment.loader.get_source(environment, name)[0])
    own = meta.find_undeclared_variables(tree) - bound
    inner = bound | {found.name for found in tree.find_all(nodes.Name) if found.ctx == "store"}
    for included in meta.find_referenced_templates(tree):
        assert included is not None, f"{name} includes a template whose name is computed"
        own |= needed(environment, included, inner)
    return own


def not_given(environment: Environment, name: str, given) -> list[str]:
    """Names that a template uses, but that whoever renders it does not give."""
    return [f"{name}: {missing} is not given" for missing in sorted(needed(environment, name) - set(given))]


def orphans(root: Path, rendered) -> list[str]:
    """Template files that nothing renders or includes."""
    return sorted({path.relative_to(root).as_posix() for path in root.rglob("*.j2")} - set(rendered))


# ------------------------------------------------------------------------------- that each check can fail

GOOD = (
    "Go to the door. Answer with a name, or wait... then go on.\n\n\nActions:\n- left: to the left\n- go: go"
)


@pytest.mark.parametrize(
    "broken",
    [
        "seen: <games.api.Action object at 0x7f>", "<function f>", "dict_keys(x)", "array([1])", "{'a': 1}",
        "['a']", "Stability.SLOW", "Action(name=x)", "np.int64(3)", "a float64", "is None", "True", "False",
        "from nan to 1", "the section 'in view'", "{{ name }}", "{% if x %}", "Undefined",
    ],
)  # fmt: skip
def test_leaks_are_found(broken):
    assert leaks(broken)
    assert leaks(f"{GOOD} {broken} {GOOD}")


@pytest.mark.parametrize("broken", ["<object object at 0x1>", "array([1])", "Section(x)", "np.float64(1)"])
def test_leaks_on_screens_are_found(broken):
    assert leaks(broken, screen=True)
    assert not leaks("None ['` {' nan", screen=True)


@pytest.mark.parametrize(
    "broken",
    [
        "a\n\n\n\nb", "a\n \n\n \nb", "a \nb", "go to the the door", "The the", "The end..", "this,, that",
        "here:.", "here .", "here , there", "two  spaces", "a plan of 1 to 1 actions", "after 1 steps",
        f"What you see:[map]\n{SCREEN}", f"[map]\n{SCREEN}And now?",
    ],
)  # fmt: skip
def test_bad_form_is_found(broken):
    assert layout(broken)
    assert layout(f"{GOOD}\n{broken}\n{GOOD}")


def test_good_texts_have_no_faults():
    assert not leaks(GOOD)
    assert not layout(GOOD)
    assert not layout(f"What you see:\n\n[map]\n{SCREEN}\n\n11 steps, 21 steps, 10 to 100, . is floor")
    assert not leaks("the dog's bone, the cats' food and the pig's pen, (in) {a}")


def test_screens_are_masked_longest_first():
    screens = {"[map]\n..": "map", "[map]\n..\n  |": "map"}
    assert masked("See:\n[map]\n..\n  |\n\n[map]\n..", screens) == f"See:\n[map]\n{SCREEN}\n\n[map]\n{SCREEN}"


def test_blank_space_around_is_found():
    assert stray_blanks("\na")
    assert stray_blanks("a ")
    assert not stray_blanks("a\n\nb")


@pytest.mark.parametrize(
    "broken",
    [
        "It ends after 8 steps.",
        "You may act.",
        "It ends after 7 steps.\nAt the end, 8 steps.",
        "7 steps lie.",
    ],
)
def test_a_wrong_limit_is_found(broken):
    assert wrong_limit(broken, 7)
    assert not wrong_limit("Go 2 steps. It ends then, and in any case after 7 steps.", 7)
    assert not wrong_limit("The episode ends after 7,000 steps.", 7000)


VOCABULARY = (Action("left", "to the left", 0), Action("go", "go", 1))


@pytest.mark.parametrize(
    "broken",
    [
        "- left: to the left\nActions:\n- left: to the left\n- go: go",
        "Actions:\n- left: to the left",
        "Actions:\n- left: to the left\n- go: go\n- jump: up",
        "Actions:\n- left: to the right\n- go: go",
        "- left: to the left\n- go: go",
        "Actions:\n- left: to the left\nCommands:\n- go: go",
    ],
)
def test_a_wrong_list_is_found(broken):
    assert wrong_list(broken, VOCABULARY)
    assert not wrong_list(GOOD, VOCABULARY)


def test_unknown_quotes_are_found():
    known = {"map", "go"}.__contains__
    assert unknown_quotes('"in view" names them', known)
    assert not unknown_quotes('" amulet or web; see "map", then "go"', known)


def test_an_untold_goal_is_found():
    assert untold_goal("Play.", ["go to the door"])
    assert not untold_goal("Your task: go to the door.", ["go to the door"])


def test_a_wrong_note_is_found():
    changes = ("[map] changed:\n@@ -1 +1 @@\n-a\n+b",)
    assert wrong_note(("Play.", *changes), diff=True)
    assert wrong_note(("Play.", *changes), diff=False)
    assert wrong_note((f"Play. {DIFF_NOTE}", "[map]\na"), diff=False)
    assert not wrong_note(("Play.", f"{DIFF_NOTE}\n{changes[0]}"), diff=False)
    assert not wrong_note((f"Play. {DIFF_NOTE}", *changes), diff=True)
    assert not wrong_note(("Play.", "[map]\na"), diff=True)


def test_the_asked_form_is_read_from_the_prompt():
    assert asked_form('Write a last line that reads "Move: " and an action.', "[map]") == "Move: "
    assert asked_form('Then write a line "Plan:" and below it the actions', "[map]") == "Plan:\n"
    assert asked_form("Answer every message with one action, on one line.", "[map]") == ""
    assert asked_form("Answer every message with one action.", "Do not choose an action now.") is None
    assert asked_form("You are asked questions.", "What do you see?") is None


def test_a_name_that_is_not_given_is_found():
    texts = {
        "a": "{% if x %}{{ y }}{% endif %}{% for z in zs %}{% include 'b' %}{% endfor %}",
        "b": "{{ z }}{{ typo }}",
    }
    environment = Environment(loader=DictLoader(texts))
    assert not_given(environment, "a", {"x", "y", "zs"}) == ["a: typo is not given"]
    assert not_given(environment, "a", {"x", "zs", "typo"}) == ["a: y is not given"]
    assert not not_given(environment, "a", {"x", "y", "zs", "typo"})


def test_an_orphan_is_found(tmp_path):
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "a.j2").touch()
    assert orphans(tmp_path, {"agents/b.j2"}) == ["agents/a.j2"]
    assert not orphans(tmp_path, {"agents/a.j2"})


# ------------------------------------------------------------------------------------ the stage: the games

SEED = 1


@dataclass
class Film:
    """The beginning of a real episode, which every agent of a test plays: acting turns the film on.

    What an action is, the environment itself says.
    """

    task: str
    world: World
    briefing: Briefing
    frames: list
    at: int = 0
    demonstrated: list = field(default_factory=list)  # observations of other episodes

    @property
    def game(self) -> str:
        return self.task.partition("/")[0]

    @cached_property
    def facts(self):
        return self.world._call("brief").facts

    @property
    def names(self) -> list[str]:
        return [action.name for action in self.briefing.actions]

    @property
    def sections(self) -> set[str]:
        return {section.name for frame in self.frames for section in frame.observation.sections}

    def rewound(self):
        self.at = 0
        return self.frames[0]

    def step(self, action):
        self.decode(action)
        self.at = min(self.at + 1, len(self.frames) - 1)
        return self.frames[self.at]

    def decode(self, action):
        return self.world._call("decode", action)

    def understands(self, text) -> bool:
        """Whether the game takes a text now or, where it can ask something, as an answer."""
        try:
            self.decode(text)
        except UnknownAction:
            if not self.briefing.free_text or self.game not in ("nethack", "minihack"):
                return False
        else:
            return True
        try:
            return bool(parse(text, Asking.QUESTION))
        except UnknownAction:
            return False


def film(task, *, steps=3, **asked) -> Film:
    world = World(task, **asked)
    briefing, frame = world.reset(SEED)
    frames, names = [frame], [action.name for action in briefing.actions]
    for number in range(steps):
        if frames[-1].over:
            break
        frames.append(world.step(names[number % len(names)]))
    return Film(task, world, briefing, frames)


# ----------------------------------------------------------------------------------- the stage: the agents

VARIANTS = (
    "direct",
    "cot(history=diff)",
    "cot(thoughts=none,history=window(turns=1))",
    "cot(history=summary(tokens=400,summary=60,keep=0))",
    "plan",
    "plan(actions=1,stop=never,history=diff(mode=sliding))",
    "scratchpad(length=77)",
    "subgoals",
    "subgoals(kind=relative,goals=1,patience=1)",
    "subgoals(kind=object,history=diff)",
    "vote(samples=2)",
    "vote(samples=1,think=false)",
    "modules",
    "modules(reasoning=false,history=diff)",
    "spring",
    "spring(turns=0,history=diff)",
    "reflexion",
    "reflexion(mode=new-environment,history=diff)",
    "reflexion(mode=new-task)",
    "clin",
    "clin(mode=new-environment)",
    "clin(mode=new-task,history=diff)",
    "few-shot",
    "few-shot(examples=2,history=diff)",
)
"""Every agent with a model, every history, and the settings that change what is said."""

NONSENSE = "colourless green ideas sleep furiously"


@dataclass
class Model:
    """Answers in the form that it is asked for, and keeps what it was asked."""

    answers: list = field(default_factory=list)  # the actions of the next answer
    asked: list = field(default_factory=list)

    async def __call__(self, messages, **_):
        self.asked.append(tuple(messages))
        return Completion(reply(messages, self.answers))


def reply(messages, actions) -> str:
    """An answer in exactly the asked form."""
    system, question = messages[0].text, messages[-1].text
    if "Name the next subgoals" in question:
        return "Subgoal: 3 steps forward\nSubgoal: nothing"
    if rules := re.findall(r"^X .*? Y\b", question, re.M):
        return "\n".join(f"{at}. {rule}" for at, rule in enumerate(rules, 1))
    lead = asked_form(system, question)
    if lead is None:
        return "Nothing of note."
    extras = "Notes: a door is near\n" if '"Notes:"' in system else ""
    extras += "Reached: no\n" if '"Reached: no"' in system else ""
    said = "\n".join(actions if lead.endswith("\n") else actions[:1])
    return f"I think so.\n{extras}{lead}{said}" if lead else said


@dataclass(frozen=True)
class Call:
    """One request: who sent it, and what it says, what games show taken out or not."""

    who: str
    history: str
    raw: tuple[str, ...]
    words: tuple[str, ...]


@dataclass
class Cast:
    """An agent in a film, as a user writes it down."""

    written: str
    film: Film
    model: Model
    memories: tuple = ()
    demos: str = ""

    @cached_property
    def named(self):
        return settings.parse(self.written)

    @cached_property
    def history_name(self):
        return _history(self.named).name

    @cached_property
    def factory(self):
        return plugins.load("agents", self.named.name)

    def agent(self):
        history = _history(self.named)
        given = {name: value for name, value in self.named.settings.items() if name != "history"}
        if "demos" in settings.parameters(self.factory):
            given["demos"] = self.demos
        context = AgentContext(
            task=self.film.task,
            instructions=self.film.briefing.instructions,
            actions=self.film.briefing.actions,
            free_text=self.film.briefing.free_text,
            seed=SEED,
            history=_built("histories", history),
            ask=self.model,
            manual=self.film.briefing.manual,
            series="lint",
            memories=self.memories,
        )
        return self.factory(context, **settings.resolve(self.factory, given, self.written))


def _history(named):
    found = named.settings.get("history", "full")
    return found if isinstance(found, settings.Named) else settings.Named(found)


def _built(group, named):
    factory = plugins.load(group, named.name)
    return factory(**settings.resolve(factory, named.settings, named.name))


def carried_out(film, decision, state):
    """What the film gives for a decision, as an episode carries it out."""
    if not decision.outcome.acts:
        return _carried_out(decision, acting.Acted((), "", 0.0)), ()
    actions = decision.actions[: state.briefing.max_steps - state.steps]
    acted = acting.act(film, actions, decision.stop, state.frame.observation)
    return _carried_out(decision, acted), acted.frames


def play(cast: Cast, turns: int) -> dict | None:
    """Let an agent act, its second answer being lost; what it remembers, where it learns from trials.

    What it is told of its answers is what `harness.play` would tell it.
    """
    agent, film = cast.agent(), cast.film
    state = State(film.briefing, film.rewound())
    for index in range(turns):
        cast.model.answers = [NONSENSE] if index == 1 else (film.names * 3)[index : index + 3]
        now = Turn(index, state.frame.observation, tuple(state.past), state.notice)
        decision, frames = carried_out(film, asyncio.run(agent.act(now)), state)
        state.past.append(PastTurn(now.observation, decision, 1.0 if index else 0.0, now.notice))
        state.notice, state.steps = notice(decision), state.steps + len(frames)
        state.frame = frames[-1] if frames else state.frame
    if not getattr(cast.factory, "trials", False):
        return None
    trial = Trial(tuple(state.past), state.frame.observation, 0.5, 1.0, "steps")
    return asyncio.run(agent.remember(trial))


def calls_of(written: str, film: Film, demos: str, turns: int) -> list[Call]:
    """All that an agent sends in a film; one that learns plays twice, the second time with its memory."""
    cast = Cast(written, film, Model(), demos=demos)
    if content := play(cast, turns):
        cast.memories = (Memory(film.task, 0, content, 0.5, 1.0),)
        play(cast, turns)
    screens = screens_of(film)
    return [
        Call(written, cast.history_name, texts, tuple(masked(text, screens) for text in texts))
        for texts in (tuple(message.text for message in messages) for messages in cast.model.asked)
    ]


def screens_of(film: Film) -> dict[str, str]:
    """Sections as they are shown, whole or as what changed, with their names."""
    seen = [frame.observation.sections for frame in film.frames]
    every = [*seen, *(observation.sections for observation in film.demonstrated)]
    shown = {section_text(section): section.name for sections in every for section in sections}
    for old in seen:
        for new in seen:
            shown |= {change.words: change.name for change in delta(old, new) or ()}
    return shown


def demonstrated(film: Film, folder: Path) -> str:
    """A file of two demonstrations: by the task's oracle where it has one."""
    path, found = folder / "demos.jsonl", by_hand(film)
    if info(film.task).oracle:
        found = [demonstrations.by_oracle(film.task, SEED + at, observe="text", steps=2) for at in (1, 2)]
    demonstrations.write(path, found)
    film.demonstrated = [step.observation for each in found for step in each.steps]
    return str(path)


def by_hand(film: Film) -> list[Demonstration]:
    seen = film.frames[0].observation.sections
    sections = tuple(SectionRecord(name=s.name, text=s.text, stability=str(s.stability)) for s in seen)
    steps = tuple(Shown(sections=sections, action=name) for name in film.names[:2])
    facts = {"task": film.task, "series": demonstrations.SERIES, "agent": "oracle", "progress": 1.0}
    return [Demonstration(**facts, seed=SEED + at, steps=steps) for at in (1, 2)]


# -------------------------------------------------------------------------------- the lint: what is checked

TASKS = (
    "babyai/goto",
    "minigrid/MiniGrid-DoorKey-8x8-v0",
    "crafter/standard",
    "atari/pong@atari-gpt",
    "nethack/NetHackChallenge-v0",
    "minihack/MiniHack-MazeWalk-9x9-v0",
    "minihack/MiniHack-ExploreMaze-Easy-v0",  # with questions: free text
    "gymnasium/CartPole-v1",
    "gymnasium/Pendulum-v1",  # numbers for actions: free text
    "gameboy/lowtide",
    "doom/health-gathering",
)

PHRASES = {
    # How places are told, and the missions' own words.
    "minigrid": {"2 steps forward and 1 step to the left", "forward", "go to", "get", "fetch", "near"},
    "babyai": {"2 steps forward and 1 step to the left", "forward", "go to", "put A next to B", "A and B",
               "A, then B", "B after you A", "the", "a", "object", "in front of you", "behind you",
               "on your left", "on your right"},
    "nethack": {"turning to stone", "Elbereth", "words"},  # a state of the player's, and what is written
    "minihack": {"Elbereth", "words"},
    "crafter": {"wake up"},  # an achievement
}  # fmt: skip
"""What the words of a game may quote beside sections, actions and answers."""
PHRASES["minigrid"] |= PHRASES["babyai"]  # BabyAI's levels are among MiniGrid's

NETHACK_GOALS = {
    "": ["deepest level", "highest experience level"],
    "stairs": ["staircase that leads down"],
    "pet": ["staircase that leads down", "pet stands next to you"],
    "oracle": ["the Oracle"],
    "gold": ["as much gold"],
    "eat": ["as much nutrition"],
    "scout": ["as many places"],
}


def goals(film: Film) -> list[str]:
    """What the instructions must say of a task's goal, from the environment and not from its prompt."""
    match film.game:
        case "minigrid" | "babyai":
            shown = film.frames[0].observation.sections
            return [section.text for section in shown if section.name == "mission" and section.text]
        case "crafter":
            from crafter import constants

            return [name.replace("_", " ") for name in constants.achievements]
        case "nethack":
            return NETHACK_GOALS[film.facts["goal"]]
        case "minihack":
            from games.minihack._goals import goal_of

            return [goal_of(film.task.partition("/")[2])]
        case "gameboy" | "doom" | "retro" | "scummvm":
            spec = film.world._env.unwrapped._spec
            return [spec.title, spec.objective]
        case "atari":
            return [film.task.partition("/")[2].partition("@")[0].replace("_", " "), "score"]
    return [film.task.partition("/")[2], "earn as much as you can"]


def briefing_faults(film: Film, hidden=frozenset()) -> list[str]:
    """What is wrong with a task's instructions and manual. `hidden` sections may be spoken of as well."""
    brief = film.briefing
    said = {name for action in brief.actions for name in (action.name, *action.aliases)}
    known = said | film.sections | hidden | PHRASES.get(film.game, set())
    faults = [
        *wrong_limit(brief.instructions, brief.max_steps),
        *wrong_list(brief.instructions, brief.actions),
        *untold_goal(brief.instructions, goals(film)),
    ]
    for text in (brief.instructions, brief.manual):
        faults += unknown_quotes(text, lambda words: words in known or film.understands(words))
        faults += [*leaks(text), *layout(text), *stray_blanks(text)]
    return faults


def call_faults(call: Call) -> list[str]:
    """What is wrong with one request."""
    faults = [*wrong_note(call.raw, diff=call.history == "diff"), *stray_blanks(call.words[0])]
    for raw, words in zip(call.raw, call.words, strict=True):
        faults += [*leaks(raw, screen=True), *leaks(words), *layout(words)]
    return faults


def assert_none(faults) -> None:
    """Fail with each fault once."""
    if told := list(dict.fromkeys(faults)):
        pytest.fail(f"{len(told)} faults:\n" + "\n".join(told), pytrace=False)


def by_place(found) -> list[str]:
    """Pairs of a fault and where it is, each fault once with its places."""
    places = defaultdict(dict)
    for fault, place in found:
        places[fault][place] = True
    return [f"{fault}\n    in {len(at)}: {', '.join([*at][:3])}" for fault, at in places.items()]


# -------------------------------------------------------------------------- the lint: one task of each game


@contextmanager
def listening():
    """The templates that are rendered or included meanwhile, and the names that each was given at least."""
    environment, rendered, given = prompts.environment(), set(), defaultdict(set)
    find, fill = environment.get_template, Template.render

    def get_template(name, *rest, **more):
        rendered.add(name)
        return find(name, *rest, **more)

    def filled(self, *rest, **facts):
        given[self.name].add(frozenset(facts))
        return fill(self, *rest, **facts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environment, "get_template", get_template)
        patch.setattr(Template, "render", filled)
        yield rendered, given


@dataclass
class Season:
    """All that was played for the lint."""

    films: dict
    demos: dict
    calls: dict
    rendered: set
    given: dict


@pytest.fixture(scope="module")
def season(tmp_path_factory):
    with listening() as (rendered, given):
        films = {task: film(task) for task in TASKS}
        demos = {task: demonstrated(each, tmp_path_factory.mktemp("demos")) for task, each in films.items()}
        calls = {
            task: [call for who in VARIANTS for call in calls_of(who, each, demos[task], turns=4)]
            for task, each in films.items()
        }
        # Words that only pictures or changed games bring.
        pictured = film("babyai/goto", observe="both")
        calls["babyai/goto"] += [c for who in ("modules", "direct") for c in calls_of(who, pictured, "", 3)]
        film(PERTURBED, steps=0).world.close()
        for outcome in (each for each in Outcome if not each.acts and not each.infrastructure):
            notice(Decision((), outcome))
    yield Season(films, demos, calls, rendered, dict(given))
    for each in (*films.values(), pictured):
        each.world.close()


def test_every_agent_and_history_is_linted():
    agents = [name for name, each in plugins.load_all("agents", pytest.fail)
              if getattr(each, "needs_model", True)]  # fmt: skip
    named = [settings.parse(written) for written in VARIANTS]
    assert set(agents) == {each.name for each in named}
    assert set(plugins.names("histories")) == {_history(each).name for each in named}
    # The others have the words of games with frames, which `gameboy` and `doom` have as well.
    framed = {"retro", "scummvm", "dos"}
    assert set(plugins.names("games")) - framed == {task.partition("/")[0] for task in TASKS}


@pytest.mark.parametrize("task", TASKS)
def test_instructions_and_manuals_are_true(season, task):
    assert_none(briefing_faults(season.films[task]))


@pytest.mark.parametrize("task", TASKS)
def test_all_that_agents_send_is_plain(season, task):
    assert len(season.calls[task]) > 4 * len(VARIANTS)
    assert_none(by_place((fault, call.who) for call in season.calls[task] for fault in call_faults(call)))


@pytest.mark.parametrize("task", TASKS)
def test_everybody_is_told_the_instructions(season, task):
    whole = season.films[task].briefing.instructions
    assert_none(call.who for call in season.calls[task] if whole not in call.raw[0])


@lru_cache
def limited(task) -> Film:
    """A task with the run's own limit, of which only pictures are shown."""
    found = film(task, steps=0, observe="image", step_limit=7)
    found.world.close()
    return found


@pytest.mark.parametrize("task", TASKS)
def test_a_limit_of_the_run_is_told(task):
    short = limited(task)
    assert short.briefing.max_steps == 7
    assert_none(wrong_limit(short.briefing.instructions, 7))


@pytest.mark.parametrize(
    "task", ["babyai/goto", "minihack/MiniHack-MazeWalk-9x9-v0", "gymnasium/MountainCar-v0"]
)
def test_the_episode_ends_where_it_is_said_to(task):
    world = World(task)
    briefing, frame = world.reset(SEED)
    steps = 0
    while not frame.over:
        frame, steps = world.step(briefing.actions[0].name), steps + 1
    world.close()
    assert frame.truncated
    assert_none(wrong_limit(briefing.instructions, steps))


PERTURBED = (
    "babyai/goto+action_noise(0.3)+sticky(0.25)+tremors+drift+invert+grey+blackout(0.2)+crop+hide(carrying)"
)


def test_changed_games_say_what_is_changed():
    changed = film(PERTURBED, steps=1)
    changed.world.close()
    for sentence in changed.facts["perturbations"]:
        assert f"- {sentence}" in changed.briefing.instructions
    assert len(changed.facts["perturbations"]) == PERTURBED.count("+")
    assert_none(briefing_faults(changed, hidden={"carrying"}))


@pytest.mark.parametrize("task", TASKS)
def test_instructions_quote_no_section_that_is_not_shown_beside_pictures(season, task):
    """With pictures alone there are no sections: to speak of them is to send the player looking for them."""
    shown = limited(task)
    actions = {name for action in shown.briefing.actions for name in (action.name, *action.aliases)}
    absent = season.films[task].sections - actions
    told = [words for words in quoted(shown.briefing.instructions) if words in absent]
    assert_none(f'"{words}" is told, and only a picture is shown' for words in told)


@pytest.mark.parametrize("outcome", [each for each in Outcome if not each.acts and not each.infrastructure])
@pytest.mark.parametrize("detail", ["", "out of range; the numbers may be [-2 to 2]"])
def test_notices_of_lost_turns_are_plain(outcome, detail):
    words = notice(Decision((), outcome, repair=detail))
    assert_none([*leaks(words), *layout(words), *stray_blanks(words)])
    assert detail in words or outcome is not Outcome.INVALID_ACTION


@pytest.mark.parametrize(("done", "planned"), [(1, 2), (1, 8), (3, 8)])
@pytest.mark.parametrize("cut", ["", "it brought a reward"])
def test_notices_of_cut_plans_are_plain_and_true(done, planned, cut):
    names = tuple(map(str, range(planned)))
    words = notice(Decision(names[:done], planned=names, cut=cut))
    assert_none([*leaks(words), *layout(words), *stray_blanks(words)])
    assert f"{planned} actions" in words
    assert cut in words
    assert f"first {done} were" in words if done > 1 else "the first was" in words


# ------------------------------------------------------------------------------ the lint: how to answer

ANSWERERS = (
    "direct", "cot", "plan", "scratchpad", "subgoals", "vote(samples=1)", "vote(samples=1,think=false)",
    "modules(memory=false)", "modules(memory=false,reasoning=false)", "spring", "reflexion", "clin",
    "few-shot",
)  # fmt: skip


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("written", ANSWERERS)
def test_an_answer_as_it_is_asked_for_is_ok(season, task, written):
    each = season.films[task]
    cast = Cast(written, each, Model(), demos=season.demos[task])
    agent = cast.agent()
    for name in each.names:
        cast.model.answers = [name]
        decision = asyncio.run(agent.act(Turn(0, each.rewound().observation, ())))
        assert (name, decision.outcome, decision.actions) == (name, Outcome.OK, (name,))


_EXAMPLES = re.compile(r"Examples:\n((?:- .*\n)+)")


def examples(instructions: str) -> dict[str, str]:
    """The examples of free text, and what each is said to be the same as (itself, where nothing is said)."""
    lines = [line[2:] for block in _EXAMPLES.findall(instructions) for line in block.splitlines()]
    found = {}
    for line in lines:
        example, _, same = line.partition(" (")
        found[example] = example
        if said := re.match(r"or (\S+):", same):
            found[said.group(1)] = example
    return found


FREE = tuple(task for task in TASKS if task.startswith(("nethack", "minihack/MiniHack-Explore")))


@pytest.mark.parametrize("task", FREE)
def test_examples_of_free_text_are_commands(season, task):
    found = examples(season.films[task].briefing.instructions)
    assert len(found) > 3
    for example, same in found.items():
        assert season.films[task].understands(example), example
        assert parse(example, Asking.NOTHING) == parse(same, Asking.NOTHING), (example, same)


@pytest.mark.parametrize("task", FREE)
@pytest.mark.parametrize("label", [True, False])
def test_free_text_reaches_the_game_as_it_is_written(season, task, label):
    """The prompts ask for letters, signs and quoted lines: none may be taken for a command on the way."""
    each = season.films[task]
    letters = [*string.ascii_letters, ".", ">", "$", "*", "12", "yes", "no", "next page", '"a b"']
    lost = []
    for text in [*examples(each.briefing.instructions), *letters]:
        answer = Completion(f"Action: {text}" if label else text)
        read = decide(answer, each.briefing.actions, free_text=True, extract=labelled if label else None)
        if wrong := [asking for asking in ("NOTHING", "QUESTION") if not same_keys(text, read, asking)]:
            lost.append(f"{text!r} is read as {read.actions}, where the game asks {' or '.join(wrong)}")
    assert_none(lost)


def same_keys(text: str, read: Decision, asking: str) -> bool:
    """Whether what was read of a text presses the same keys as the text itself."""

    def keys(words):
        try:
            return parse(words, Asking[asking])
        except UnknownAction:
            return None

    return len(read.actions) == 1 and keys(text) == keys(read.actions[0])


def test_numbers_for_actions_are_read(season):
    each = season.films["gymnasium/Pendulum-v1"]
    for text in (*each.names, "0.5", "-1.25"):
        read = decide(Completion(text), each.briefing.actions, free_text=True)
        assert (read.outcome, read.actions) == (Outcome.OK, (text,))
        each.decode(text)


@pytest.mark.parametrize("task", TASKS)
def test_a_plan_is_not_told_that_an_answer_is_one_step(season, task):
    """A plan is one answer of several steps."""
    (system,) = {call.raw[0] for call in season.calls[task] if call.who == "plan"}
    assert_none(re.findall(r"(?:One|Each|Every) answer is [^.]*\.", system))


# ------------------------------------------------------------------------ the lint: what agents are told


def toy(written: str, answers, turns=(), **facts):
    """An agent in a corridor that is asked once; gives its decision and the calls."""
    model, replies = Model(), iter(answers)

    async def ask(messages, **_):
        model.asked.append(tuple(messages))
        return Completion(next(replies))

    named = settings.parse(written)
    given = {name: value for name, value in named.settings.items() if name != "history"}
    factory = plugins.load("agents", named.name)
    context = AgentContext(
        task="toy/corridor", instructions="Reach the door.", actions=ACTIONS, free_text=False, seed=SEED,
        history=_built("histories", _history(named)), ask=ask, **facts,
    )  # fmt: skip
    agent = factory(context, **settings.resolve(factory, given, written))
    return agent, asyncio.run(agent.act(turn(list(turns)))), model.asked


@pytest.mark.parametrize(("written", "most"), [("plan", 8), ("plan(actions=3)", 3), ("plan(actions=12)", 12)])
def test_a_plan_is_as_long_as_it_is_told(written, most):
    _, decision, calls = toy(written, ["Actions:\n" + "go forward\n" * (most + 5)])
    assert re.findall(r"a plan of 1 to (\d+) actions", calls[0][0].text) == [str(most)]
    assert len(decision.actions) == most


@pytest.mark.parametrize(("stop", "told"), [("news", True), ("never", False)])
def test_a_plan_is_told_when_it_is_dropped(stop, told):
    _, decision, calls = toy(f"plan(stop={stop})", ["Actions:\ngo forward"])
    assert ("is dropped" in calls[0][0].text) == told == (decision.stop is not None)


@pytest.mark.parametrize(("written", "most"), [("scratchpad", 1500), ("scratchpad(length=77)", 77)])
def test_notes_are_as_long_as_they_are_told(written, most):
    _, decision, calls = toy(written, [f"Notes: {'x' * (most + 5)}\nAction: go forward"])
    assert re.findall(r"at most (\d+) characters", calls[0][0].text) == [str(most)]
    assert len(decision.memo["notes"]) == most


@pytest.mark.parametrize(("written", "most"), [("subgoals", 3), ("subgoals(goals=2)", 2)])
def test_there_are_as_many_subgoals_as_are_told(written, most):
    named = "".join(f"Subgoal: door {number}\n" for number in range(most + 3))
    _, decision, calls = toy(written, [named, "Reached: no\nAction: go forward"])
    assert re.findall(r"1 to (\d+) subgoals", calls[0][0].text) == [str(most)]
    assert len(decision.memo["subgoals"]["open"]) == most


@pytest.mark.parametrize("kind", ["relative", "object", "words"])
def test_subgoals_as_they_are_asked_for_are_taken(kind):
    _, _, calls = toy(f"subgoals(kind={kind})", ["Subgoal: a door", "Action: go forward"])
    teacher = calls[0][0].text
    asked = [words for words in quoted(teacher) if words.startswith("Subgoal: ")] or ["Subgoal: a door"]
    for example in asked:
        answers = [example, "Reached: yes\nAction: go forward"]
        _, decision, _ = toy(f"subgoals(kind={kind})", answers)
        assert decision.memo["subgoals"]["reached"] == example.removeprefix("Subgoal: ")
    assert (kind == "relative") == (len(asked) > 1)


@pytest.mark.parametrize(
    ("written", "told"), [("few-shot", "an example of"), ("few-shot(examples=2)", "shown 2 examples")]
)
def test_as_many_examples_are_shown_as_are_told(written, told, tmp_path):
    steps = (Shown(sections=(), action="go forward"),)
    facts = {"task": "toy/corridor", "series": "other", "agent": "x", "progress": 1.0, "steps": steps}
    demonstrations.write(tmp_path / "demos", [Demonstration(**facts, seed=seed) for seed in (2, 3, 4)])
    demos = f'demos="{tmp_path / "demos"}"'
    written = written.replace("(", f"({demos},") if "(" in written else f"{written}({demos})"
    _, _, calls = toy(written, ["go forward"])
    assert told in calls[0][0].text
    shown = [message.text for message in calls[0] if re.match(r"Example \d+ begins", message.text)]
    assert len(shown) == (2 if "2 examples" in told else 1)


def test_rules_as_they_are_asked_for_are_kept():
    answers = ["Action: go forward"]
    agent, _, calls = toy("clin", answers)
    replies = []

    async def ask(messages, **_):
        replies.append(reply(messages, ()))
        return Completion(replies[-1])

    agent._talk._ask = ask
    content = asyncio.run(agent.remember(Trial((), turn([]).observation, 0.0, 0.0, "steps")))
    assert len(calls) == 1
    assert [f"{at}. {rule}" for at, rule in enumerate(content["rules"], 1)] == replies[0].splitlines()
    assert len(content["rules"]) == 4


@pytest.mark.parametrize("summary", [100, 400])
def test_a_summary_may_be_as_long_as_it_is_told(season, summary):
    """So many words as are told have room in what is kept, with 6 characters a word."""
    each = season.films["nethack/NetHackChallenge-v0"]
    asked = [
        call.raw[-1] for call in calls_of(f"cot(history=summary(tokens=500,summary={summary}))", each, "", 3)
    ]
    told = {int(number) for text in asked for number in re.findall(r"Use at most (\d+) words", text)}
    assert len(told) == 1
    assert told.pop() * 6 <= summary * 4


@pytest.mark.parametrize("written", VARIANTS)
def test_changes_are_shown_with_the_note_and_only_then(season, written):
    """A screen so long that the change of one line is always told as a change."""
    first = season.films["babyai/goto"].frames[0]
    screens = ["\n".join(f"row {row}: {'.' * (20 + at * (row == 3))}" for row in range(9)) for at in range(5)]
    frames = [replace(first, observation=Observation((Section("view", screen),))) for screen in screens]
    wall = replace(season.films["babyai/goto"], frames=frames)
    calls = calls_of(written, wall, season.demos["babyai/goto"], turns=4)
    told = [fault for call in calls for fault in wrong_note(call.raw, diff=call.history == "diff")]
    assert_none(f"{fault}: {written}" for fault in told)


NOTED = ("direct", "cot", "plan", "scratchpad", "subgoals", "vote", "modules", "reflexion", "clin")


@pytest.mark.parametrize("agent", NOTED)
@pytest.mark.parametrize("history", ["full", "window", "summary", "diff", "diff(mode=sliding)"])
def test_the_note_on_changes_is_told_with_diff_and_only_then(agent, history):
    answers = ["Action: go forward"] * 9 if agent not in ("direct",) else ["go forward"]
    _, _, calls = toy(f"{agent}(history={history})", answers)
    told = {DIFF_NOTE in call[0].text for call in calls}
    assert told == {history.startswith("diff")}


# -------------------------------------------------------------------------------- the lint: the templates


def test_every_template_is_rendered(season):
    assert_none(orphans(Path(prompts.__file__).parent, season.rendered))


def test_every_name_in_a_template_is_given(season):
    """Also in branches that were not taken: each caller gives all that the template may use."""
    assert len(season.given) > 30
    assert_none(
        fault
        for name, callers in season.given.items()
        for given in callers
        for fault in not_given(prompts.environment(), name, given)
    )


# -------------------------------------------------------------------------------- the lint: all the tasks


@pytest.mark.slow
@pytest.mark.parametrize("game", sorted({known.game for known in all_tasks()}))
def test_all_tasks(game, tmp_path):
    """Every agent acts one turn of every task. A fault is told once, with the tasks that have it."""
    found = []
    for task in (known.task for known in all_tasks() if known.game == game and not known.needs):
        each = film(task, steps=0)
        demonstrations.write(tmp_path / "demos", by_hand(each))
        calls = [c for who in VARIANTS for c in calls_of(who, each, str(tmp_path / "demos"), turns=1)]
        found += [(fault, task) for fault in briefing_faults(each)]
        found += [(fault, f"{call.who} of {task}") for call in calls for fault in call_faults(call)]
        each.world.close()
    assert_none(by_place(found))
