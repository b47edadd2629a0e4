"""Only the owner's own browser is let in, and no address leads to a file."""

import re

import pytest

from harness.cli import main

COOKIE = "ludometer-4321"
TOKEN = "the-token"


@pytest.fixture
def stranger(browser):
    browser.client.cookies.clear()
    return browser


def test_the_token_becomes_a_cookie_and_leaves_the_address(stranger):
    answer = stranger.get(f"/run/0?token={TOKEN}&status=done&q=%22%3E", 303)
    assert answer.headers["location"] == "http://127.0.0.1:4321/run/0?status=done&q=%22%3E"
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(f"{COOKIE}={TOKEN};") and "httponly" in cookie and "samesite=strict" in cookie
    stranger.get("/run/0")


@pytest.mark.parametrize("path", ["/", "/run/0", "/run/0/state", "/static/view.js", "/compare", "/nowhere"])
def test_without_the_token_there_is_nothing(stranger, path):
    stranger.get(path, 403)
    stranger.get(f"{path}?token=", 403)
    stranger.get(f"{path}?token=wrong", 403)
    stranger.get(f"{path}?token=%ff%00ü", 403)
    stranger.client.cookies.set(COOKIE, "wrong")
    stranger.get(path, 403)


def test_a_wrong_token_is_refused_even_with_the_cookie(browser):
    browser.get("/?token=wrong", 403)


@pytest.mark.parametrize(
    "host",
    ["evil.com", "evil.com:4321", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.evil.com:4321", "localhost", ""],
)
def test_another_host_is_refused(browser, host):
    browser.get("/", 403, host=host)
    browser.get(f"/?token={TOKEN}", 403, host=host)


def test_localhost_is_this_machine_too(browser):
    assert (
        browser.get(f"/?token={TOKEN}", 303, host="localhost:4321")
        .headers["location"]
        .startswith("http://localhost:4321/")
    )


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_what_another_site_asks_for_is_refused(browser, site):
    browser.get("/run/0/state", 403, **{"sec-fetch-site": site})
    browser.get(f"/?token={TOKEN}", 403, **{"sec-fetch-site": site})


@pytest.mark.parametrize(
    "origin", ["http://evil.com", "null", "http://127.0.0.1:1", "https://127.0.0.1:4321"]
)
def test_another_origin_is_refused(browser, origin):
    browser.get("/run/0/state", 403, origin=origin)


def test_our_own_pages_and_addresses_that_were_typed_are_not(browser):
    browser.get("/", **{"sec-fetch-site": "none"})
    browser.get("/run/0/state", **{"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:4321"})


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_but_reading(browser, method):
    assert browser.client.request(method, "/run/0").status_code == 405


def test_the_redirect_stays_here(stranger):
    for path in ("//evil.com", "//evil.com/%2e%2e", "/%5cevil.com", "/%0d%0aset-cookie:x=1"):
        answer = stranger.client.get(f"http://127.0.0.1:4321{path}?token={TOKEN}")
        assert answer.headers["location"].startswith("http://127.0.0.1:4321/"), path
        assert "x" not in answer.cookies


@pytest.mark.parametrize(
    "path",
    [
        "/run/0/episode/..%2f..%2frun.json",
        "/run/0/episode/%2fetc%2fpasswd",
        "/run/0/episode/random%2fbabyai%2fgoto%2f0000",
        "/run/../../etc/passwd",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/",
        "/run/1",
        "/run/99999999999999999999",
        "/run/-1",
        "/run/" + "9" * 5000,
        "/run/%D9%A0",
        "/compare?left=0:..%2f..%2frun.json&right=0:x",
    ],
)
def test_no_address_leads_to_a_file(browser, path):
    assert "python" not in browser.get(path, 404).text


@pytest.mark.parametrize(
    "part", ["", "../run.json", "answer.99", "message", "message.x.1", "message.-1.0", "seen.x"]
)
def test_a_text_is_one_of_the_page(browser, part):
    browser.get(f"{browser.episodes()['direct', 0]}/text?turn=1&part={part}", 404)


@pytest.mark.tampers
def test_links_in_a_run_folder_are_not_followed(browse, played, tmp_path):
    import shutil

    folder = tmp_path / "run"
    shutil.copytree(played, folder)
    (folder / "episodes" / "random" / "link").symlink_to(tmp_path)
    (folder / "episodes" / "random" / "babyai" / "other.jsonl").symlink_to(folder / "run.json")
    browser = browse(folder)
    assert browser.get("/run/0/state").json()["episodes"] == 8


def test_every_answer_has_the_headers(browser):
    address = browser.episodes()["direct", 0]
    for path, status in {
        "/": 200,
        "/nowhere": 404,
        f"{address}/picture": 200,
        "/static/view.js": 200,
    }.items():
        headers = browser.get(path, status).headers
        policy = headers["content-security-policy"]
        assert (
            "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        )
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


def test_nothing_is_loaded_from_elsewhere(browser):
    address = browser.episodes()["direct", 0]
    for path in ("/", "/run/0", address, "/static/view.js", "/static/view.css"):
        text = browser.get(path).text
        assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//|url\(|@import|innerHTML|eval\(""", text), (
            path
        )


def test_a_folder_that_is_no_run_is_refused_before_anything_listens(tmp_path, capsys):
    pytest.importorskip("uvicorn", reason='the viewer needs pip install "ludometer[view]"')
    with pytest.raises(SystemExit) as error:
        main(["view", str(tmp_path)])
    assert error.value.code == 2
    told = capsys.readouterr()
    assert "is not a run folder" in told.err and "http://" not in told.out


def test_a_port_that_is_taken_is_said_to_be(played, capsys):
    import socket

    pytest.importorskip("uvicorn", reason='the viewer needs pip install "ludometer[view]"')
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit) as error:
        main(["view", str(played), "--port", str(taken.getsockname()[1])])
    assert error.value.code == 2 and "choose another one" in capsys.readouterr().err


def test_without_the_extra_one_line_says_what_to_install(played, capsys, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(SystemExit) as error:
        main(["view", str(played)])
    assert error.value.code == 2 and 'pip install "ludometer[view]"' in capsys.readouterr().err
