import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.settings import Named, parse, resolve


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("direct", "direct"),
        ("direct()", "direct"),
        (" cot( images = 2 , history=diff )", "cot(history=diff,images=2)"),
        ("direct(history=window(turns=8,images=0))", "direct(history=window(images=0,turns=8))"),
        ("few-shot(n=-1,t=.5,deep=TRUE,name='a b')", 'few-shot(deep=true,n=-1,name="a b",t=0.5)'),
    ],
)
def test_a_name_with_settings_is_read_and_shown_canonically(text, shown):
    assert str(parse(text)) == shown
    assert str(parse(shown)) == shown


@pytest.mark.parametrize(
    "text", ["", "(", "a(", "a(b)", "a(b=1", "a(b=1)c", "a(b=1,b=2)", "a(b='x)", "a(b=1 c=2)"]
)
def test_a_malformed_name_is_one_line_that_shows_the_form(text):
    with pytest.raises(InputError, match=r"the form is name\(setting=value"):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        assert parse(str(parse(text))) == parse(text)
    except InputError:
        pass


def factory(context, *, turns: int = 4, deep: bool = False, note: str | None = None):
    return context


def test_settings_are_checked_against_the_signature():
    assert resolve(factory, {"turns": 7}, "agent x") == {"turns": 7, "deep": False, "note": None}
    with pytest.raises(InputError, match="unknown setting 'turn'; did you mean 'turns'"):
        resolve(factory, {"turn": 7}, "agent x")
    with pytest.raises(InputError, match="turns=many"):
        resolve(factory, {"turns": "many"}, "agent x")
    with pytest.raises(InputError, match="turns="):
        resolve(factory, {"turns": Named("window")}, "agent x")


def test_an_unquoted_path_is_told_to_need_quotes():
    with pytest.raises(InputError, match="needs quotes"):
        parse("few-shot(demos=a/b.jsonl)")
    assert parse('few-shot(demos="a/b.jsonl")').settings == {"demos": "a/b.jsonl"}
