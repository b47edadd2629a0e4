"""No form of a key gets through."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.api import MissingKey
from harness.keys import read_key, remember, scrub

KEY = "sk-canary+Ab/9xQ=27f04c18"


@pytest.fixture(autouse=True)
def known():
    remember(KEY)


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        quote(KEY, safe=""),
        KEY.encode().hex(),
        KEY.encode().hex().upper(),
        base64.b64encode(KEY.encode()).decode(),
        base64.urlsafe_b64encode(b"user:" + KEY.encode()).decode(),
        base64.b64encode(b"Bearer " + KEY.encode() + b", more").decode(),
        "sk-canar*************4c18",
        "sk-c...4c18",
    ],
)
def test_a_key_is_taken_out_in_every_form_in_which_it_comes_back(form):
    said = scrub(f"Incorrect API key provided: {form}. See the docs.")
    assert said.startswith("Incorrect API key provided: ")
    assert said.endswith(". See the docs.")
    assert "[key]" in said
    assert len(said.replace("[key]", "")) <= len("Incorrect API key provided: . See the docs.") + 20
    assert "canar" not in said


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_base64_around_a_key_hides_it_at_no_alignment(before, after):
    said = scrub(base64.b64encode(before + KEY.encode() + after).decode())
    assert said.count("[key]") == 1
    around = 4 * ((len(before) + len(after)) // 3 + 2)  # characters for the bytes that are no key
    assert len(said.replace("[key]", "")) <= around


def test_other_text_stays_as_it_is():
    text = "You see a key. sk- is a prefix; canary birds sing…"
    assert scrub(text) == text


def test_a_key_is_read_from_the_environment_and_remembered(monkeypatch):
    monkeypatch.setenv("SOME_KEY", "another-secret-value")
    assert read_key("SOME_KEY") == "another-secret-value"
    assert scrub("x another-secret-value") == "x [key]"
    monkeypatch.setenv("SOME_KEY", " ")
    with pytest.raises(MissingKey, match="SOME_KEY is not set"):
        read_key("SOME_KEY")


def test_what_is_too_short_for_a_key_is_no_key():
    remember("door")
    assert scrub("a door") == "a door"
