"""A person plays in pages: the flow without a browser, and what is refused."""

import re
import threading
from contextlib import contextmanager

import gymnasium
import pytest
from gymnasium.envs.registration import EnvSpec
from ludometer_test_worlds import hostile

from harness.agents.human import SEAT
from harness.api import Action
from harness.cli._live import Live
from harness.folder import RunFolder
from harness.plan import make_plan
from harness.records import Status, read_run
from harness.run import Result
from harness.spec import RunSpec
from harness.viewer.buttons import groups

PORT = 4322
HOME = f"http://127.0.0.1:{PORT}"
FORM = "application/x-www-form-urlencoded"


class Person:
    """Sits at a table whose run is played by another thread, and asks for pages as a browser does."""

    def __init__(self, folder, **spec):
        from starlette.testclient import TestClient

        from harness.viewer.app import create_app
        from harness.viewer.table import Table

        self.spec = RunSpec(agents=("human",), concurrency=1, seeds="play", **{"episodes": 1, **spec})
        self.folder, plan = RunFolder(folder), make_plan(self.spec)
        digest = self.folder.open(self.spec, plan)
        self.table = Table(folder, plan.episodes)
        self.result = Result()
        self._thread = threading.Thread(target=self._play, args=(plan, digest))
        app = create_app([folder], token="t", port=PORT, table=self.table)
        self.client = TestClient(app, base_url=HOME, follow_redirects=False)
        self.client.get("/play?token=t")

    def _play(self, plan, digest):
        import asyncio

        from harness.run import execute

        SEAT.set(self.table.seat)
        live = Live(quiet=True)
        asyncio.run(execute(self.spec, plan, self.folder, digest, live, result=self.result))
        self.table.finish()

    def __enter__(self):
        self._thread.start()
        self.table.look(patience=30)
        return self

    def __exit__(self, *_):
        self.table.stop()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def page(self):
        return self.client.get("/play").text

    def fields(self, **changes):
        """What a form of the page that is shown sends."""
        found = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', self.page()))
        return {**found, **changes}

    def post(self, status=303, headers=(), **fields):
        answer = self.client.post(
            "/play", data=fields, headers={"origin": HOME, "sec-fetch-site": "same-origin", **dict(headers)}
        )
        assert answer.status_code == status, (answer.status_code, answer.text[:1000])
        return answer

    def act(self, **fields):
        return self.post(**self.fields(**fields))

    @property
    def done(self):
        """The actions that were recorded, by episode."""
        return [[s.action for t in e.turns for s in t.steps] for e in read_run(self.folder.path)]


@pytest.fixture
def sit(tmp_path):
    for package in ("starlette", "uvicorn"):
        pytest.importorskip(package, reason='the viewer needs pip install "ludometer[view]"')

    @contextmanager
    def sitting(**spec):
        spec = {"tasks": ("babyai/goto",), "limits": {"steps": 3}, **spec}
        with Person(tmp_path / "run", **spec) as person:
            yield person

    return sitting


def test_buttons_and_lines_play_and_the_end_is_told(sit):
    with sit(episodes=2) as person:
        assert "Turn 0" in person.page() and "You control an agent" in person.page()
        assert person.act(pick="0").headers["location"] == "/play"
        assert "Turn 1" in person.page() and "<ins>" in person.page()
        person.act(typed=" 2 ")
        person.act(typed="Go forward.")
        assert "#1, turn 0" in person.page() and ">truncated (<bdi>steps</bdi>)" in person.page()
        for _ in range(3):
            person.act(pick="2")
        person.table.look(patience=10)
        person._thread.join(10)
        page = person.page()
        assert "How it ended" in page and page.count(">truncated (<bdi>steps</bdi>)") == 2
        for link in re.findall(r'href="(/run/0/episode/\w+)"', page):
            assert "babyai/goto" in person.client.get(link).text
        assert person.done == [["turn left", "turn right", "go forward"], ["go forward"] * 3]
    assert person.result.done == 2 and all(e.status is Status.DONE for e in read_run(person.folder.path))


def test_the_page_holds_what_the_agent_got(sit):
    with sit(observe="image") as person:
        page = person.page()
        assert 'src="/play/picture?turn=0"' in page and "[mission]" not in page
        picture = person.client.get("/play/picture?turn=0")
        assert picture.content == person.table.look().asked.picture and picture.content[1:4] == b"PNG"
        person.act(pick="0")
        assert person.client.get("/play/picture?turn=0").status_code == 404


def test_a_form_of_an_older_turn_does_nothing(sit):
    with sit() as person:
        old = person.fields(pick="0")
        person.post(**old)
        refused = person.post(409, **old)
        assert "nothing was done" in refused.text and "Turn 1" in refused.text
        person.post(409, **{**person.fields(pick="0"), "game": "human/babyai/goto/0001"})
        person.post(409, **{**person.fields(pick="0"), "turn": "01"})
        assert person.done == [["turn left"]]


def test_of_two_tabs_at_once_one_acts(sit):
    with sit() as person:
        fields, answers = person.fields(pick="0"), []

        def tab():
            headers = {"origin": HOME}
            answers.append(person.client.post("/play", data=fields, headers=headers).status_code)

        tabs = [threading.Thread(target=tab) for _ in range(6)]
        for each in tabs:
            each.start()
        for each in tabs:
            each.join()
        assert sorted(answers) == [303] + [409] * 5
        assert person.done == [["turn left"]]


@pytest.mark.parametrize(
    "fields",
    [
        *({"pick": pick} for pick in ("6", "-1", "", "turn left", "٣")),
        *({"typed": typed} for typed in ("", "colourless", "\x1b[31m")),
        {},
    ],
)
def test_what_names_no_action_does_nothing(sit, fields):
    with sit() as person:
        assert "names no action" in person.post(422, **person.fields(**fields)).text
        assert person.done == [[]]


def test_what_no_form_of_ours_sends_is_refused(sit):
    with sit() as person:
        good = person.fields(pick="0")
        post, own = person.client.post, {"origin": HOME, "sec-fetch-site": "same-origin"}
        for origin in ("http://evil.com", "null", "https://127.0.0.1:4322", "http://127.0.0.1:1"):
            person.post(403, {"origin": origin}, **good)
        for site in ("cross-site", "same-site", "anything"):
            person.post(403, {"sec-fetch-site": site}, **good)
        assert post("/play", data=good).status_code == 403  # no origin at all
        person.post(403, {"host": "evil.com"}, **good)
        person.post(403, **{**good, "form": ""})
        person.post(403, **{**good, "form": "ü" * 10})
        body = "&".join(f"{name}={value}" for name, value in good.items())
        for kind in ("text/plain", "application/json", "multipart/form-data", ""):
            assert post("/play", content=body, headers={**own, "content-type": kind}).status_code == 415
        typed = {**own, "content-type": FORM}
        for content, status in {
            "x" * 20_001: 413,
            body + "&typed=a%00b": 400,
            body + "&typed=\0": 400,
            body + "&typed=%ff%fe": 400,
            body + "&pick=1": 400,
            "&".join(f"a{i}=1" for i in range(100)): 400,
            b"\xff\xfe": 400,
            "": 403,
        }.items():
            assert post("/play", content=content, headers=typed).status_code == status, content[-30:]
        for path in ("/", "/run/0", "/play/state", "/play/picture", "/play/", "//play", "/Play"):
            assert post(path, data=good, headers=own).status_code == 405, path
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
            assert person.client.request(method, "/play", headers=own).status_code == 405
        person.client.cookies.clear()
        assert post("/play", data=good, headers=own).status_code == 403
        assert post("/play?token=t", data=good, headers=own).status_code == 403
        assert person.table.look().asked.turn.index == 0 and person.done == [[]]


def test_stopping_is_what_it_is_at_the_terminal(sit):
    with sit() as person:
        person.act(pick="0")
        assert "goes on from here" in person.post(200, **person.fields(stop="1")).text
        assert person.table.left.is_set()
    assert "the same command goes on" in person.result.stopped
    with sit() as person:
        assert "Turn 1" in person.page() and "Instructions" in person.page()
        person.act(pick="1")
    assert person.done == [["turn left", "turn right"]]


def test_every_page_of_play_has_the_headers(sit):
    with sit() as person:
        for path in ("/play", "/play/state", "/static/play.js"):
            headers = person.client.get(path).headers
            assert "default-src 'none'" in headers["content-security-policy"], path
            assert headers["cache-control"] == "no-store" and "unsafe" not in str(headers)
        assert person.client.get("/play").headers.get_list("referrer-policy") == ["same-origin"]
        assert person.client.get("/").headers.get_list("referrer-policy") == ["no-referrer"]
        assert 'href="/play"' in person.client.get("/").text


EVIL = "\x1b]0;owned\x07<script>owned()</script>\u202eabc\0"


Hostile = hostile(EVIL, then="javascript:owned()")


def test_what_a_game_says_is_text_and_its_buttons_work(sit, monkeypatch):
    monkeypatch.setitem(gymnasium.registry, "Hostile-v0", EnvSpec("Hostile-v0", Hostile))
    with sit(tasks=("gymnasium:Hostile-v0",)) as person:
        page = person.page()
        assert page.count("<script") == 1 and not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", page)
        assert r"\x1b]0;owned\x07&lt;script&gt;owned()&lt;/script&gt;\u202eabc\x00" in page
        person.act(pick="1")
        person.act(pick="0")  # the same words again: none of them is marked as new
        assert "javascript:owned()" in person.page() and 'href="javascript' not in person.page()
        assert person.done == [[EVIL, "stay"]]


def test_a_viewer_without_a_game_takes_no_form(browser):
    own = {"origin": "http://127.0.0.1:4321"}
    assert browser.client.post("/play", headers=own).status_code == 405
    browser.get("/play", 404)


def named(*names):
    return [Action(name, f"what {name} does", name) for name in names]


def keys(actions, **options):
    found = groups(actions, free_text=options.get("free_text", False))
    return {button.action.name: button.keys for group in found for button in group.buttons}


def test_arrows_fit_moves():
    babyai = keys(named("turn left", "turn right", "go forward", "pick up", "drop", "toggle"))
    assert babyai["turn left"] == ("ArrowLeft", "1") and babyai["go forward"] == ("ArrowUp", "3")
    assert babyai["pick up"] == ("u", "4") and babyai["drop"] == ("d", "5")
    crafter = keys(named("noop", "move west", "move east", "move north", "move south", "place stone"))
    assert [crafter[f"move {way}"][0] for way in ("west", "east", "north", "south")] == [
        "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown",
    ]  # fmt: skip
    assert "ArrowRight" not in str(keys(named("copyright", "upright", "push right")))


def test_no_key_presses_two_buttons():
    many = named(*(f"make {word} {kind}" for word in ("wood", "stone", "iron") for kind in "abcdefghijkl"))
    for actions in (many, named(*"0123"), named("up", "move up", "north")):
        given = [key for each in keys(actions).values() for key in each]
        assert len(given) == len(set(given))
    assert keys(named(*"0123"))["3"] == ("3",)  # and not the fourth one's number
    assert keys(named("left", "wait"), free_text=True) == {"left": ("ArrowLeft",), "wait": ()}
