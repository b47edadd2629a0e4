"""Low Tide, played in the emulator by a few lines of its own, so that nothing else can be at fault."""

import gzip
import io
import random
import re
import shutil
from pathlib import Path

import pytest
import yaml

from games.gameboy._tiles import screen_text
from games.gameboy.lowtide import build
from games.gameboy.lowtide._oracle import Oracle

SPEC = yaml.safe_load((Path(build.__file__).parents[1] / "specs" / "lowtide.yaml").read_text())
MENU, WALK, TALK, BAG, DIAL = 2, 3, 4, 5, 6
DUNES, CAVE = 4, 8
BUTTONS = ("a", "b", "select", "start", "up", "down", "left", "right")


class Console:
    """The game of a seed, on its title screen."""

    def __init__(self, seed):
        from pyboy import PyBoy

        self.boy = PyBoy(
            io.BytesIO(gzip.decompress(build.ROM.read_bytes())),
            window="null",
            sound_emulated=False,
            log_level="ERROR",
        )
        self.boy.set_emulation_speed(0)
        self.boy.tick(SPEC["start"]["wait"], False)
        at = SPEC["seeds"]["address"]
        self.boy.memory[at], self.boy.memory[at + 1] = seed & 0xFF, seed >> 8

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.boy.stop(save=False)

    def act(self, action):
        """ "right", "hold right 48" or "wait 16"."""
        words = action.split()
        if words[0] == "wait":
            self.boy.tick(int(words[1]), False)
            return
        button, hold = (words[1], int(words[2])) if words[0] == "hold" else (action, SPEC["step"]["hold"])
        self.boy.button_press(button)
        self.boy.tick(hold, False)
        self.boy.button_release(button)
        if action == button:
            self.boy.tick(SPEC["step"]["frames"] - hold, False)

    def variables(self):
        def value(address, type="u8"):
            low, high = self.boy.memory[address : address + 2]
            return low | high << 8 if type == "u16le" else low

        return {name: value(**where) for name, where in SPEC["variables"].items()}

    def screen(self):
        return screen_text(self.boy.memory, SPEC["engine"]["tiles"], SPEC["engine"]["sprites"])

    def memory(self):
        return bytes(self.boy.memory[0xC000:0xE000])

    def play(self, oracle, until=lambda variables: variables["ending"], actions=2000):
        """Let the oracle play; gives the screens and variables that it saw."""
        seen = []
        for _ in range(actions):
            variables, screen = self.variables(), self.screen()
            seen.append((variables, screen))
            if until(variables):
                return seen
            self.act(oracle.act(variables, screen))
        raise AssertionError(f"not there after {actions} actions: {variables}\n" + "\n".join(screen))

    def begin(self):
        """Over the menu and the first words to the first room."""
        for action in ("start", "a", "wait 200", "a", "wait 80", "a", "wait 80", "a"):
            self.act(action)
        assert self.variables()["mode"] == WALK
        return self


def holds(condition, variables):
    """Whether one of the spec's conditions holds, as far as this spec uses them."""
    ((name, wanted),) = condition.items()
    have = variables[name]
    if isinstance(wanted, int):
        return have == wanted
    kind, number = re.fullmatch(r"(bit|>=) (\d+)", wanted).groups()
    return bool(have >> int(number) & 1) if kind == "bit" else have >= int(number)


def reached(seen):
    """How many milestones were reached, in order."""
    count = 0
    for variables in seen:
        while count < len(SPEC["milestones"]) and holds(SPEC["milestones"][count]["when"], variables):
            count += 1
    return count


def test_the_rom_is_what_its_sources_give(tmp_path):
    if not shutil.which("sdcc"):
        pytest.skip("needs SDCC 4.2: apt install sdcc")
    build.build(tmp_path / "lowtide.gb")
    assert (tmp_path / "lowtide.gb").read_bytes() == gzip.decompress(build.ROM.read_bytes())


def test_the_spec_names_every_tile_and_explains_every_thing():
    tiles, engine = build.read_tiles(), SPEC["engine"]
    assert engine["tiles"] == {tile.number: tile.character for tile in tiles if tile.kind != "sprite"}
    assert engine["sprites"] == {tile.number: tile.character for tile in tiles if tile.kind == "sprite"}
    assert {tile.character for tile in tiles if tile.kind != "show"} - {"l"} <= set(engine["legend"])


def test_a_row_of_the_wrong_width_is_refused(tmp_path):
    (tmp_path / "rooms.c").write_text('    "&&&&&&&&&&&&&&&&&&&&"\n    "&...&"\n')
    with pytest.raises(ValueError, match="not 20 cells"):
        build.check_maps(tmp_path / "rooms.c")


def test_title_menu_and_first_room_can_be_read():
    with Console(7) as console:
        assert console.screen()[15].strip() == "Press START"
        console.act("start")
        assert [line.strip("| ") for line in console.screen()[15:17]] == ["> NEW GAME", "HOW TO PLAY"]
        console.act("a")
        console.act("wait 200")
        screen = console.screen()
        assert screen[0] == "******  The beach   "
        assert "".join(screen[14:16]).split("|")[1::2] == ["The lamp of Gull  ", "Rock has gone out,"]
        assert [len(line) for line in screen] == [20] * 18
        assert screen[9][5] == "@"


def test_how_to_play_leads_back_to_the_menu():
    with Console(7) as console:
        for action in ("start", "down", "a", "wait 80"):
            console.act(action)
        assert "Walk with the" in console.screen()[14]
        for _ in range(4):
            console.act("a")
            console.act("wait 80")
        assert console.variables()["mode"] == MENU
        assert [line.strip("| ") for line in console.screen()[15:17]] == ["NEW GAME", "> HOW TO PLAY"]


def test_sixteen_frames_are_a_cell_however_they_are_held():
    with Console(7) as console:
        console.begin()
        console.act("hold right 96")
        assert (console.variables()["x"], console.variables()["steps"]) == (11, 6)
        for _ in range(3):
            console.act("left")
        assert (console.variables()["x"], console.variables()["steps"]) == (8, 9)
        console.act("hold a 64")
        console.act("hold start 64")
        assert console.variables()["mode"] == BAG  # one press, however long


def test_buttons_do_nothing_while_words_are_written():
    blocks = []
    for action in ("hold a 8", "wait 8"):
        with Console(7) as console:
            for before in ("start", "a", "wait 40", action):
                console.act(before)
            assert console.variables()["busy"]
            blocks.append(console.memory()[0xA0:0xD0])
    assert blocks[0] == blocks[1]


def test_seeds_differ_and_repeat():
    def after(seed):
        with Console(seed) as console:
            choice = random.Random(3)
            console.begin()
            for _ in range(60):
                console.act(choice.choice(BUTTONS))
            assert console.memory()[0xF0:0xF2] == seed.to_bytes(2, "little")
            return console.memory()

    states = [after(seed) for seed in (0, 1, 2, 513, 65535)]
    assert len({state[0xA0:0xD0] for state in states}) == 5
    assert after(513) == states[3]


def random_play(seed):
    with Console(seed) as console:
        choice, seen = random.Random(seed), [console.variables()]
        for _ in range(600):
            console.act(choice.choice(BUTTONS))
            seen.append(console.variables())
    return reached(seen)


def test_random_play_comes_ashore_and_no_further():
    assert [random_play(seed) for seed in (0, 11)] == [1, 1]


@pytest.mark.slow
def test_random_play_of_twenty_seeds_does_not_pass_the_second_milestone():
    assert max(random_play(seed) for seed in range(20)) <= 2


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_oracle_passes_every_milestone(seed):
    with Console(seed) as console:
        seen = console.play(Oracle())
        assert console.variables()["ending"] == SPEC["ends"]["won"]["ending"]
        console.act("wait 60")
        assert "THE END" in console.screen()[17]
    assert reached([seen[0][0]]) == 0
    assert reached([variables for variables, _ in seen]) == len(SPEC["milestones"])
    rooms = {variables["room"] for variables, _ in seen}
    assert rooms == set(range(12))
    for variables, screen in seen:
        if variables["mode"] == WALK and variables["room"] != CAVE:
            assert "?" not in "".join(screen), "an unknown tile"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_oracle_wins_for_fifty_seeds():
    for seed in range(50):
        with Console(seed * 1301) as console:
            seen = console.play(Oracle())
        assert seen[-1][0]["ending"] == 1, f"seed {seed * 1301}"
        assert len(seen) < SPEC["limits"]["steps"] / 2


@pytest.fixture(scope="module")
def dials():
    """The state of a console before the dials of the numbered door, whose code is not 0-0-0."""
    with Console(3) as console:
        console.play(Oracle(), until=lambda at: at["mode"] == DIAL)
        assert console.memory()[0xBC:0xBF] != bytes(3)
        state = io.BytesIO()
        console.boy.save_state(state)
        return state.getvalue()


def test_an_oracle_that_takes_over_asks_again_what_it_has_not_heard(dials):
    with Console(3) as console:
        console.boy.load_state(io.BytesIO(dials))
        console.play(Oracle())


def test_a_wrong_code_opens_nothing(dials):
    with Console(3) as console:
        console.boy.load_state(io.BytesIO(dials))
        console.act("a")
        console.act("wait 60")
        assert "The door does not" in console.screen()[14]
        assert not holds({"flags": "bit 10"}, console.variables())


def test_a_wrong_lever_hurts(dials):
    class Deaf(Oracle):
        def _told(self, pattern):
            told = super()._told(pattern)
            return {"LEFT": "RIGHT", "MIDDLE": "LEFT", "RIGHT": "MIDDLE"}.get(told, told)

    with Console(3) as console:
        console.boy.load_state(io.BytesIO(dials))
        seen = console.play(Deaf(), until=lambda at: at["room"] == 9 and at["mode"] == TALK)
        console.act("wait 60")
        assert "Wrong!" in console.screen()[14]
        assert console.variables()["hp"] == seen[-2][0]["hp"] - 1
        assert not holds({"flags": "bit 12"}, console.variables())


def test_who_stands_among_crabs_dies():
    with Console(1) as console:
        console.begin()
        for action in ("hold right 80", "hold up 160", "wait 60", "hold up 96"):
            console.act(action)
        assert console.variables()["room"] == DUNES
        for _ in range(600):
            console.act("wait 60")
            if console.variables()["ending"]:
                break
        console.act("wait 60")
        assert console.variables()["ending"] == SPEC["ends"]["lost"]["ending"]
        assert console.variables()["hp"] == 0
        assert "GAME OVER" in console.screen()[3]
