"""The pages of a run that was really played hold what its files hold."""

import html
import re
import shutil
from io import BytesIO

import pytest
from ludometer_test_runs import run

from harness.records import iter_run
from harness.spec import RunSpec


def parsed(page):
    """The words of a page as it stands now: without tags and what is marked as gone."""
    return html.unescape(re.sub(r"<del>.*?</del>|<[^>]+>", "", page, flags=re.S))


def of(played, agent, index=0):
    return next(e for e in iter_run(played) if e.header.agent.startswith(agent) and e.header.index == index)


def test_every_page_that_is_linked_opens(browser):
    others = [address.rpartition("/")[2] for (_, index), address in browser.episodes().items() if index]
    seen, waiting = set(), ["/"]
    while waiting:
        answer = browser.get(waiting.pop())
        if "text/html" in answer.headers["content-type"]:
            links = map(html.unescape, re.findall(r'(?:href|src)="(/[^"]*)"', answer.text))
            # One episode of each agent is enough.
            new = {link for link in links if not any(other in link for other in others)} - seen
            seen |= new
            waiting += new
    assert len([link for link in seen if "turn=" in link]) > 50
    assert any("/request?" in link for link in seen) and any("/picture?" in link for link in seen)
    assert any(link.startswith("/compare?") for link in seen)


def test_every_form_names_its_fields(browser):
    pages = [browser.get(address).text for address in ("/run/0", browser.episodes()["direct", 0])]
    for page in pages:
        fields = set(re.findall(r'<(?:input|select) id="(\w+)"', page))
        assert fields and fields == set(re.findall(r'<label for="(\w+)"', page))
        assert page.count("<main ") == page.count("<h1") == 1 and 'lang="en"' in page


def test_a_turn_shows_what_was_recorded(browser, played):
    episode = of(played, "direct")
    for turn, (_, call, messages) in zip(episode.turns, episode.requests(), strict=True):
        page = parsed(browser.get(f"{browser.episodes()['direct', 0]}?turn={turn.index}&wait=1").text)
        assert f"Turn {turn.index} of {len(episode.turns)}" in page
        assert call.text in page and turn.decision.outcome in page
        assert messages[-1].parts[-1]["text"].splitlines()[-1] in page
        assert f"All {len(messages)} messages" in page
        assert f"{call.usage.input:,} tokens in" in page


def test_a_request_is_the_one_that_was_sent(browser, played):
    for agent in ("direct", "vote", "reflexion"):
        episode = of(played, agent, 1)
        address, calls = browser.episodes()[agent, 1], {}
        for turn, _, messages in episode.requests():
            number = len(episode.turns) if turn is None else turn
            call = calls[number] = calls.get(number, -1) + 1
            page = browser.get(f"{address}/request?turn={number}&call={call}").text
            told = [html.unescape(text) for text in re.findall(r'<pre tabindex="0">(.*?)</pre>', page, re.S)]
            assert told == [part["text"] for message in messages for part in message.parts]


def test_the_picture_is_the_one_that_replaying_draws(browser, played):
    from PIL import Image

    from harness.replay import moments

    episode = of(played, "random")
    images = [
        moment.frame.observation.image for moment in moments(episode, observe="both") if moment.number == 0
    ]
    for turn in (3, 0, len(episode.turns)):  # forwards, back, the end
        answer = browser.get(f"{browser.episodes()['random', 0]}/picture?turn={turn}")
        assert answer.headers["content-type"] == "image/png"
        assert (images[turn] == Image.open(BytesIO(answer.content)).convert("RGB")).all()


def test_what_changed_is_marked(browser, played):
    from harness.replay import moments

    episode = of(played, "direct")
    seen = [m.frame.observation for m in moments(episode, observe="both") if m.number == 0]
    address = browser.episodes()["direct", 0]
    first = browser.get(f"{address}?turn=0&wait=1").text
    assert "<ins>" not in first and "<del>" not in first
    second = browser.get(f"{address}?turn=2&wait=1").text  # it turned left
    assert "<ins>" in second and "<del>" in second
    kept = parsed(second)
    for section in seen[2].sections:
        for line in section.text.splitlines():
            assert line in kept


def test_without_script_every_turn_is_a_link_or_a_form(browser, played):
    last = len(of(played, "direct").turns)
    address = browser.episodes()["direct", 0]
    page = browser.get(f"{address}?turn=2").text
    for name, turn in {"first": 0, "previous": 1, "next": 3, "last": last}.items():
        link = re.search(rf'id="{name}"[^>]*href="([^"]+)"', page)[1]
        assert link == f"{address}?turn={turn}"
    assert re.search(rf'<input id="turn" type="range" name="turn" min="0" max="{last}" value="2">', page)
    assert "Next" in browser.get(f"{address}?turn=last").text
    assert "style=" not in page and " on" not in "".join(re.findall(r"<\w+([^>]*)>", page))


@pytest.mark.parametrize("turn", ["999999999", "1" * 5000, "-5", "last", ""])
def test_a_turn_that_is_not_there_is_the_nearest(browser, turn):
    browser.get(f"{browser.episodes()['direct', 0]}?turn={turn}")


@pytest.mark.parametrize("turn", ["abc", "1e3", "٣x", "1.5"])
def test_a_turn_that_is_no_number_is_said_to_be_none(browser, turn):
    assert "expected a number" in browser.get(f"{browser.episodes()['direct', 0]}?turn={turn}", 404).text


def test_the_end_has_the_result_and_what_is_handed_on(browser, played):
    episode = of(played, "reflexion", 0)
    page = parsed(browser.get(f"{browser.episodes()['reflexion', 0]}?turn=last&wait=1").text)
    assert f"score {episode.end.progress.value:.3f}" in page
    assert "taken along to the next trials" in page and episode.memory.calls[-1].text in page


def test_two_agents_go_in_step(browser, played):
    page = browser.get(browser.episodes()["direct", 0]).text
    link = html.unescape(re.search(r'href="(/compare\?[^"]+)"', page)[1])
    for turn in (0, 3, 999):
        both = browser.get(re.sub(r"turn=\d+", f"turn={turn}", link)).text
        assert both.count("<article ") == 2 and both.count("Observation</h3>") == 2
        assert "did not begin the same" not in both
    addresses = browser.episodes()
    key = [addresses["direct", index].rpartition("/")[2] for index in (0, 1)]
    assert "did not begin the same" in browser.get(f"/compare?left=0:{key[0]}&right=0:{key[1]}").text
    browser.get("/compare?left=0:1&right=", 404)
    browser.get("/compare", 404)


def test_the_list_filters_sorts_and_pages(browser):
    def agents(query):
        return re.findall(r'scope="row"><a [^>]*><bdi>(\w+)', browser.get(f"/run/0?{query}").text)

    assert sorted(set(agents(""))) == ["direct", "random", "reflexion", "vote"] and len(agents("")) == 8
    assert agents("agent=random") == ["random", "random"]
    assert agents("agent=nobody") == agents("task=x/y") == agents("status=failed") == agents("most=-1") == []
    assert len(agents("status=done&least=0")) == 8
    assert agents("sort=-agent") == sorted(agents(""), reverse=True)
    assert agents("from=6") == agents("")[6:]
    browser.get("/run/0?from=x", 404)
    assert "of 8 searched" in browser.get("/run/0?q=NONSENSE").text


def test_words_are_found_in_what_models_wrote_and_nowhere_else(browser):
    page = browser.get("/run/0?q=NONsense").text
    assert page.count("<mark>nonsense</mark>") == 6
    first = html.unescape(re.search(r'<li><a href="([^"]+turn=\d+)"', page)[1])
    assert "nonsense" in browser.get(first).text
    assert "<mark>" not in browser.get("/run/0?q=Your mission").text  # the prompt says that
    assert "0 episodes hold" in browser.get('/run/0?q=no"such\\words').text


def test_a_run_of_the_version_before_opens(browse):
    from pathlib import Path

    browser = browse(Path(__file__).parents[1] / "data" / "run-schema-1")
    addresses = re.findall(r'href="(/run/0/episode/\w+)"', browser.get("/run/0").text)
    assert len(addresses) == 18
    for address in addresses:
        assert "cannot be shown" not in browser.get(f"{address}?turn=1&wait=1").text


@pytest.mark.tampers
def test_what_no_longer_replays_is_shown_as_it_was_recorded(browse, played, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(played, folder)
    file = next((folder / "episodes").rglob("random/**/0000.jsonl"))
    text = file.read_text()
    at = [found.start(1) for found in re.finditer(r'"hash":"(\w+)"', text)][3]
    file.write_text(text[:at] + "0" * 32 + text[at + 32 :])
    browser = browse(folder)
    address = browser.episodes()["random", 0]
    page = browser.get(f"{address}?turn=5&wait=1").text
    assert "What was seen cannot be shown again" in page and "another version?" in page
    browser.get(f"{address}/picture?turn=5", 409)
    assert "cannot be shown" not in browser.get(f"{address}?turn=1&wait=1").text


def test_two_runs_side_by_side(browse, played, tmp_path):
    other = tmp_path / "again"
    shutil.copytree(played, other)
    browser = browse(played, other)
    assert browser.get("/").text.count('scope="row"') == 2
    page = browser.get(browser.episodes(1)["random", 0]).text
    assert "right=0:" in page and "right=1:" in page


def test_a_game_that_is_never_the_same_shows_what_the_run_kept(browse, tmp_path):
    from PIL import Image

    spec = RunSpec(
        tasks=("gymnasium/ludometer_test_worlds:TestDrawn-v0",),
        agents=("direct",),
        models=("scripted:calm",),
        episodes=1,
        observe="both",
    )
    assert not run(tmp_path / "run", spec).failed
    (episode,) = iter_run(tmp_path / "run")
    browser = browse(tmp_path / "run")
    address = browser.episodes()["direct", 0]
    for number, turn in enumerate(episode.turns, 1):
        page = parsed(browser.get(f"{address}?turn={number}&wait=1").text)
        seen = turn.observation or episode.end.observation
        assert all(line in page for section in seen.sections for line in section.text.splitlines())
        picture = browser.get(f"{address}/picture?turn={number}").content
        assert Image.open(BytesIO(picture)).getpixel((0, 0))[1] == number  # what it draws is its count
