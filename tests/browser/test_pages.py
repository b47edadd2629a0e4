"""The report and the site in a real browser: drawn, quiet, offline, usable by keyboard, accessible."""

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from ludometer_test_pages import accessible, too_wide

from harness.records import read_episode

pytestmark = pytest.mark.browser


@pytest.fixture(params=["report.html", "site/index.html", "site/runs/001-run/index.html"])
def opened(page, made, request):
    page.goto((made / request.param).as_uri())
    page.wait_for_load_state("networkidle")
    return page


def test_it_is_drawn_and_nothing_goes_wrong(opened):
    for plot in opened.query_selector_all("figure:not([hidden]) > .plot"):
        assert plot.wait_for_selector("svg", timeout=10_000).bounding_box()["width"] > 50
    assert opened.wrong == []
    assert "owned" not in opened.title()


def test_names_that_are_code_are_text(opened):
    assert "<script>document.title" in opened.inner_text("body")


def test_it_is_no_wider_than_the_screen(opened):
    assert too_wide(opened) <= 1
    for caption in opened.query_selector_all("caption, figcaption"):
        box = caption.bounding_box()
        if box is not None:
            assert box["x"] >= 0 and box["x"] + box["width"] <= opened.viewport_size["width"] + 1


def test_anchors_lead_to_places(opened):
    hrefs = opened.eval_on_selector_all("a[href^='#']", "links => links.map(a => a.getAttribute('href'))")
    assert hrefs
    for href in hrefs:
        assert opened.evaluate("id => document.getElementById(id) !== null", href[1:])


def test_the_keyboard_reaches_every_link_in_order(opened):
    total = opened.eval_on_selector_all("nav a, a.skip", "links => links.length")
    seen = []
    for _ in range(total):
        opened.keyboard.press("Tab")
        seen.append(opened.evaluate("document.activeElement.getAttribute('href')"))
    assert seen[0] == "#main"
    assert len([href for href in seen if href]) == total


def test_axe_finds_nothing(opened):
    accessible(opened)


def test_a_number_leads_to_the_episodes_that_it_is_of(open_page, made):
    page = open_page()
    page.goto((made / "report.html").as_uri())
    names = page.eval_on_selector_all("#t-leaderboard tbody th", "all => all.map(each => each.textContent)")
    assert len(names) == 3
    for row, name in enumerate(names, 1):
        number = page.locator(f"#t-leaderboard tbody tr:nth-child({row}) td a").first
        mean = float(number.inner_text().split()[0])
        number.click()
        section = page.locator(page.url[page.url.index("#") :])
        assert section.locator("summary").first.inner_text() == f"{name}: 8 episodes"
        assert section.locator("tbody tr").first.is_visible()
        scores = section.locator("tbody td:nth-child(2)").all_inner_texts()
        assert len(scores) == 8 and abs(sum(map(float, scores)) / 8 - mean) < 0.01
        page.evaluate("scrollTo(0, 0)")


def test_an_episode_leads_to_its_own_record(open_page, made):
    page = open_page()
    page.goto((made / "report.html").as_uri())
    rows = page.eval_on_selector_all(
        "#episodes details details tbody tr",
        "all => all.map(r => [r.closest('details').parentElement.firstElementChild.textContent,"
        " r.closest('details').firstElementChild.textContent, r.querySelector('a').href,"
        " [...r.children].map(c => c.textContent)])",
    )
    assert len(rows) == 24
    for agent, task, href, told in rows:
        episode = read_episode(Path(unquote(urlsplit(href).path)))
        header, end = episode.header, episode.end
        assert (agent, task) == (f"{header.entrant}: 8 episodes", f"{header.task}: 4 episodes")
        index, score, _, _, first, seed, _ = told
        assert (int(index), int(seed)) == (header.index, header.seed)
        assert abs(float(score) - end.progress.value) < 0.01
        lost = [turn.index for turn in episode.turns if turn.decision.outcome not in ("ok", "repaired")]
        assert first == (str(lost[0]) if lost else "–")


def test_links_of_the_site_lead_to_runs_and_records(open_page, made):
    page = open_page()
    page.goto((made / "site" / "index.html").as_uri())
    page.click("table a")
    assert page.url.endswith("/index.html")
    hrefs = page.eval_on_selector_all("#episodes a", "links => links.map(a => a.href)")
    assert len(hrefs) == 24
    for href in hrefs:
        assert json.loads(Path(unquote(urlsplit(href).path)).read_text().splitlines()[0])["kind"] == "header"
