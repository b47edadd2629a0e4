"""Two whole games that a person plays in the real browser, by keys and by buttons, and the page itself."""

import random
import re

import pandas as pd
import pytest
from ludometer_test_pages import accessible, too_wide
from ludometer_test_runs import ludometer

from harness.records import Status, read_run
from harness.seeds import episode_seed
from harness.viewer.buttons import groups
from harness.world import World

pytestmark = pytest.mark.browser
TURNS = 64
CHANCE = random.Random(1)


def plan(task, choose, steps):
    """What to do at each turn, tried in a world of the same seed; its vocabulary and its last frame."""
    world = World(task, observe="both")
    briefing, frame = world.reset(episode_seed("play", "", task, 0))
    actions = []
    while not frame.over and len(actions) < steps:
        actions.append(choose(world, frame))
        frame = world.step(actions[-1])
    world.close()
    return actions, briefing.actions, frame


def gather(world, frame):
    """Go to the nearest tree and take wood; what is in the way is gone round by chance."""
    words = {section.name: section.text for section in frame.observation.sections}
    if words["facing"].endswith("at tree."):
        return "do"
    near = re.search(r"^tree: .*?the nearest (.*)$", words["in view"], re.MULTILINE)
    ways = re.findall(r"north|south|east|west", near[1]) if near else ["east"]
    return f"move {CHANCE.choice([*ways, *ways, *ways, 'north', 'south', 'east', 'west'])}"


def turn(page, number):
    page.wait_for_selector(f"text=/^Turn {number}$/", timeout=20_000)


def scored(folder):
    """The run's scores, which are those of its records; the records replay to the last hash."""
    assert not ludometer("verify", folder)
    table = pd.read_csv(folder / "scores.csv")
    episodes = read_run(folder)
    assert [episode.status for episode in episodes] == [Status.DONE] * len(table)
    assert list(table["score"]) == [episode.end.progress.value for episode in episodes]
    assert set(table["agent"]) == {"human"}
    return table, [[step.action for each in e.turns for step in each.steps] for e in episodes]


def test_babyai_is_solved_by_keys(open_page, serve, tmp_path):
    actions, vocabulary, _ = plan("babyai/goto", lambda world, frame: world.oracle(), 64)
    keys = {b.action.name: b.keys for group in groups(vocabulary, free_text=False) for b in group.buttons}
    folder = tmp_path / "run"
    with serve("play", "babyai/goto", "--browser", "--observe", "both", "--out", folder) as served:
        page = served.open(open_page())
        for number, action in enumerate(actions):
            turn(page, number)
            assert f"turn={number}" in page.get_attribute(".picture", "src")
            page.keyboard.press(keys[action][number % len(keys[action])])  # arrow and number in turns
        page.wait_for_selector("text=How it ended")
        assert "terminated" in page.inner_text("#game") and "1.000" in page.inner_text("#game")
        assert page.evaluate("document.activeElement.id") == "heading"
        page.click("tbody a")
        assert "babyai/goto" in page.inner_text("h1") and page.query_selector("#scrubber")
        page.wait_for_load_state("networkidle")
        page.go_back()
        page.click("text=End the program")
        assert served.process.wait(20) == 0
        assert page.wrong == []
    table, done = scored(folder)
    assert done == [actions] and list(table["score"]) == [1.0]


def test_crafter_is_played_by_buttons_on_a_phone(open_page, serve, tmp_path):
    actions, _, last = plan("crafter/standard", gather, TURNS)
    assert len(actions) == TURNS and last.progress.value > 0
    folder = tmp_path / "run"
    words = ("play", "crafter/standard", "--browser", "--observe", "both", "--steps", TURNS, "--out", folder)
    with serve(*words) as served:
        page = served.open(open_page("phone"))
        for number, action in enumerate(actions):
            turn(page, number)
            page.get_by_role("button", name=action, exact=True).tap()
        page.wait_for_selector("text=How it ended")
        assert too_wide(page) <= 1 and page.wrong == []
        assert served.interrupt() == 0
    table, done = scored(folder)
    assert done == [actions]
    assert list(table["score"]) == [last.progress.value] and last.progress.parts["collect_wood"] >= 1


def test_stopping_coming_back_and_two_tabs(open_page, serve, tmp_path):
    words = ("play", "babyai/goto", "--browser", "--steps", 4, "--out", tmp_path / "run")
    with serve(*words) as served:
        one = served.open(open_page())
        other = open_page()
        other.home = one.home
        other.goto(f"{served.home}/play")
        turn(other, 0)
        # Nobody looks at a tab behind, so it asks nothing by itself until it is.
        other.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
        one.keyboard.press("ArrowLeft")
        turn(one, 1)
        other.keyboard.press("ArrowRight")
        other.wait_for_selector("text=nothing was done")
        turn(other, 1)
        other.evaluate("Object.defineProperty(document, 'hidden', { value: false })")
        one.keyboard.press("2")
        turn(one, 2)
        turn(other, 2)  # followed by itself
        one.click("text=Stop")
        one.wait_for_selector("text=What was played is kept")
        assert served.process.wait(20) == 130
        other.wait_for_selector("text=/The program has ended|What was played is kept/")
        refused = [said for said in one.wrong + other.wrong if "409" not in said and "REFUSED" not in said]
        assert refused == []
    with serve(*words) as served:
        page = served.open(open_page())
        turn(page, 2)
        assert served.interrupt() == 130  # Ctrl-C in the midst of it
    with serve(*words) as served:
        page = served.open(open_page("no script"))
        for number in (2, 3):
            turn(page, number)
            page.get_by_role("button", name="go forward").click()
        page.wait_for_selector("text=/How it ended|Look again/")
        page.goto(f"{served.home}/play")
        page.wait_for_selector("text=How it ended")
        page.get_by_role("button", name="End the program").click()
        assert served.process.wait(20) == 0
    _, done = scored(tmp_path / "run")
    assert done == [["turn left", "turn right", "go forward", "go forward"]]


@pytest.fixture(scope="module")
def table(serve, tmp_path_factory):
    """A Crafter that is under way, which the tests look at and step."""
    folder = tmp_path_factory.mktemp("table") / "run"
    with serve("play", "crafter/standard", "--browser", "--observe", "both", "--out", folder) as served:
        yield served


def test_the_page_is_accessible_and_fits(page, table):
    table.open(page)
    page.wait_for_function("() => document.querySelector('.picture')?.naturalWidth")
    for key in ("ArrowLeft", "ArrowUp"):  # who turns sees something else
        accessible(page)
        assert too_wide(page) <= 1
        shown = page.evaluate(
            "(p => [p.complete, p.clientWidth / p.naturalWidth, getComputedStyle(p).imageRendering])"
            "(document.querySelector('.picture'))"
        )
        assert shown[0] and shown[1] == int(shown[1]) and shown[2] == "pixelated"
        assert shown[1] == (1 if page.viewport_size["width"] < 400 else 2)
        before = page.inner_text(".where")
        page.keyboard.press(key)
        page.wait_for_function("before => document.querySelector('.where').innerText !== before", arg=before)
    assert page.query_selector_all("ins") and page.wrong == []


def test_the_keyboard_alone_is_enough(open_page, table):
    page = table.open(open_page())
    before = page.inner_text(".where")
    reached = []
    while not reached or "do" not in reached[-1]:
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText || ''").split())
        assert len(reached) < 40, reached
    focused = page.evaluate("document.activeElement.id")
    page.keyboard.press("Enter")
    page.wait_for_function("before => document.querySelector('.where').innerText !== before", arg=before)
    assert page.evaluate("document.activeElement.id") == focused
    assert "Turn" in page.inner_text("#said")
    page.focus("#typed")
    page.keyboard.type("move west 1")  # letters and digits are typed, and press no button
    assert page.input_value("#typed") == "move west 1"
    page.fill("#typed", "move west")
    before = page.inner_text(".where")
    page.keyboard.press("Enter")
    page.wait_for_function("before => document.querySelector('.where').innerText !== before", arg=before)
    assert page.input_value("#typed") == "" and page.evaluate("document.activeElement.id") == "typed"
    page.fill("#typed", "xyzzy")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=That names no action")
    assert [said for said in page.wrong if "422" not in said] == []


def test_another_site_cannot_act(open_page, table, tmp_path):
    """A page from elsewhere posts the right fields with the person's own cookie."""
    mine = table.open(open_page())
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', mine.content()))
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    evil = tmp_path / "evil.html"
    evil.write_text(f'<form method="post" action="{table.home}/play">{inputs}<input name="pick" value="1">')
    page = open_page()
    page.goto(evil.as_uri())
    page.evaluate("document.forms[0].submit()")
    page.wait_for_selector("text=refused")
    before = mine.inner_text(".where")
    mine.reload()
    assert mine.inner_text(".where") == before
