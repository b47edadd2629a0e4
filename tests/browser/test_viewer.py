"""The viewer in a real browser: keys, playing, following a run, where links lead, and every kind of page."""

import json
import re
import shutil

import pytest
from ludometer_test_pages import EVIL, SHOWN, accessible, too_wide

pytestmark = [pytest.mark.browser, pytest.mark.tampers]


@pytest.fixture(scope="session")
def viewer(serve, seen):
    with serve("view", seen) as served:
        yield served


@pytest.fixture
def files(seen):
    """The lines of each episode, by agent, task and index."""
    found = {}
    for file in sorted((seen / "episodes").rglob("*.jsonl")):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        found[lines[0]["agent"], lines[0]["task"], lines[0]["index"]] = lines
    assert len(found) == 8
    return found


def listed(page):
    """The addresses in the list of episodes, by agent, task and index."""
    rows = page.eval_on_selector_all(
        "tbody tr",
        "all => all.map(r => [r.querySelector('a').href, ...[...r.children].map(c => c.innerText)])",
    )
    return {(agent.split("(")[0], task, int(index)): href for href, agent, task, index, *_ in rows}


def episode(page, viewer, agent="direct", task="babyai/goto", index=0):
    viewer.open(page)
    page.goto(f"{viewer.home}/run/0")
    found = listed(page)
    page.goto(
        next(href for (a, t, i), href in found.items() if a.startswith(agent) and (t, i) == (task, index))
    )
    return page.url


def settled(page):
    page.wait_for_load_state("networkidle")
    page.wait_for_function("() => !document.querySelector('[data-waiting]')")
    page.wait_for_function("() => [...document.images].every(i => i.complete && i.naturalWidth)")


ADDRESSES = [
    "/",
    "/run/0",
    "/run/0?q=owned",
    "EPISODE?turn=1",
    "EPISODE?turn=last",
    "EPISODE/request?turn=1&call=0",
]


@pytest.mark.parametrize("address", [*ADDRESSES, "COMPARE", "/nowhere"])
def test_every_kind_of_page(page, viewer, address):
    start = episode(page, viewer)
    page.goto(f"{start}?turn=1")
    if address == "COMPARE":
        page.click("text=Side by side")
        page.click("details[open] li a")
    else:
        page.goto(address.replace("EPISODE", start) if address[0] == "E" else viewer.home + address)
    settled(page)
    assert too_wide(page) <= 1
    for each in page.query_selector_all("h1, h2, p, figcaption, summary, dl, form"):
        box = each.bounding_box()
        assert box is None or box["x"] + box["width"] <= page.viewport_size["width"] + 1, each.inner_text()
    accessible(page)
    assert "owned" not in page.title()
    assert [said for said in page.wrong if address != "/nowhere" or "404" not in said] == []


def test_what_a_model_says_is_text(page, viewer):
    page.goto(episode(page, viewer) + "?turn=1")
    settled(page)
    text = page.inner_text("main")
    for words in (*EVIL[:3], *SHOWN):
        assert text.count(words) >= 2, words  # the answer and the reasoning
    assert page.title().startswith("babyai/goto #0, turn 1")
    assert page.query_selector_all("main script, main img[src='x'], a[href^='javascript']") == []


def test_an_episode_of_the_list_is_the_one_that_its_row_tells(open_page, viewer, files):
    page = viewer.open(open_page())
    page.goto(f"{viewer.home}/run/0")
    found = listed(page)
    assert len(found) == 8
    for (agent, task, index), href in found.items():
        page.goto(f"{href}?turn=2&wait=1")
        lines = files[agent.split()[0], task, index]
        assert f"seed {lines[0]['seed']}" in page.inner_text("main")
        turn = lines[4]
        assert turn["index"] == 2
        for step in turn["steps"]:
            assert step["action"] in page.inner_text("section[aria-label='What was done']")
        for section in lines[1]["observation"]["sections"]:
            assert section["name"] in page.inner_text("section[aria-label='What was seen']")


def test_links_to_turns_lead_there(open_page, viewer, files):
    page = open_page()
    start = episode(page, viewer, index=1)
    lines = files["direct", "babyai/goto", 1]
    lost = [
        line["index"]
        for line in lines
        if line["kind"] == "turn" and line["decision"]["outcome"] not in ("ok", "repaired")
    ]
    assert lost
    links = page.eval_on_selector_all("section[aria-label='Lost turns'] a", "all => all.map(a => a.href)")
    assert [int(re.search(r"turn=(\d+)", link)[1]) for link in links] == lost
    page.goto(links[0])
    assert page.inner_text("h2").startswith(f"Turn {lost[0]} of")
    assert lines[lost[0] + 2]["decision"]["outcome"] in page.inner_text("section[aria-label='What was done']")
    page.goto(f"{viewer.home}/run/0?q=gnp")
    hit = page.locator(".hits a, a:has-text('turn')").first
    hit.click()
    assert "turn=" in page.url and "gnp.exe" in page.inner_text("main")
    assert page.url.startswith(start.rpartition("/")[0])


def turned(page, number, last):
    """Wait for a turn; the scrubber and what is read out follow."""
    page.wait_for_function(
        "([number, last]) => document.getElementById('shown').dataset.number === number"
        " && document.getElementById('turn').value === number"
        " && document.getElementById('said').textContent === `${number} of ${last}`",
        arg=[str(number), str(last)],
    )


def test_keys_scrubber_and_playing(open_page, viewer):
    page = open_page()
    episode(page, viewer, "random")
    last = int(page.get_attribute("#turn", "max"))
    for key, number in (
        ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", last), ("ArrowRight", last),
        ("Home", 0),
    ):  # fmt: skip
        page.keyboard.press(key)
        turned(page, number, last)
    assert page.url.endswith("?turn=0")
    page.focus("#next")
    page.keyboard.press("Enter")
    turned(page, 1, last)
    assert page.evaluate("document.activeElement.id") == "next"
    page.evaluate("t = document.getElementById('turn'); t.value = 3; t.dispatchEvent(new Event('input'))")
    turned(page, 3, last)
    settled(page)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    page.wait_for_function("() => document.getElementById('play').textContent === 'Pause'")
    turned(page, last, last)
    page.wait_for_function("() => document.getElementById('play').textContent === 'Play'")
    assert page.wrong == []


def test_the_keyboard_reaches_everything(page, viewer):
    page.goto(episode(page, viewer) + "?turn=1")
    settled(page)
    wanted = page.evaluate(
        "[...document.querySelectorAll('a, button, input, summary, pre[tabindex]')]"
        ".filter(e => e.checkVisibility() && e.type !== 'hidden').length"
    )
    reached = set()
    for number in range(wanted + 5):
        page.keyboard.press("Tab")
        place = page.evaluate(
            "[...document.querySelectorAll('a, button, input, summary, pre')].indexOf(document.activeElement)"
        )
        assert number or page.evaluate("document.activeElement.getAttribute('href')") == "#main"
        reached.add(place)
    assert len(reached - {-1}) >= wanted


def test_a_run_and_an_episode_are_followed(open_page, serve, seen, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(seen, folder)
    file = next(iter(sorted((folder / "episodes").glob("random*/**/0000.jsonl"))))
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:3]))
    with serve("view", folder) as served:
        page = served.open(open_page())
        page.goto(f"{served.home}/run/0?agent=random&sort=-status")
        unfinished = "() => document.querySelector('[role=status]').textContent.includes('1 unfinished')"
        page.wait_for_function(unfinished)
        link = page.evaluate("document.querySelector('tbody a').href")
        page.goto(f"{link}?turn=last")
        page.wait_for_function("() => document.getElementById('shown').dataset.number === '1'")
        with file.open("ab") as stream:
            stream.write(lines[3])
        page.wait_for_function("() => document.getElementById('shown').dataset.number === '2'")
        page.goto(f"{served.home}/run/0")
        page.wait_for_function(unfinished)
        with file.open("ab") as stream:
            stream.write(b"".join(lines[4:]))
        page.wait_for_function(unfinished.replace("=> ", "=> !"))
        assert page.wrong == []
        assert served.interrupt() == 0
