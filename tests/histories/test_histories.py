"""What is kept, what is dropped, and that a prefix cache would hit."""

from itertools import pairwise

import pytest

from games.api import Observation, Section, Stability
from harness.api import Decision, Image, Message, Meter, PastTurn, Turn
from harness.errors import InputError
from harness.histories.diff import DiffHistory
from harness.histories.full import FullHistory
from harness.histories.summary import SummaryHistory
from harness.histories.window import WindowHistory
from harness.testing._samples import past, turn

ROWS = [f"row {n:02d} of the map, which is long and seldom changes" for n in range(20)]


def observation(index):
    rows = list(ROWS)
    rows[index % 20] = f"row {index % 20:02d} holds the player at time {index}"
    return Observation(
        (
            Section("mission", "find the stairs", Stability.STATIC),
            Section("map", "\n".join(rows)),
            Section("hp", str(9 - index % 4), Stability.SLOW),
        )
    )


def episode(count, **facts):
    return [PastTurn(observation(i), Decision(("north",), text="north"), **facts) for i in range(count)]


def at(earlier, count, **facts):
    return tuple(earlier[:count]), Turn(count, observation(count), tuple(earlier[:count]), **facts)


def requests(history, count):
    earlier = episode(count)
    return [history.messages(*at(earlier, n)) for n in range(count)]


def tokens(messages):
    return sum(Meter().count(message.text) for message in messages)


def reusable(sent):
    """The share of tokens that a server has seen at the beginning of the request before."""
    shared = 0
    for before, now in pairwise(sent):
        same = next((n for n, (a, b) in enumerate(zip(before, now, strict=False)) if a != b), len(before))
        shared += tokens(now[:same])
    return shared / sum(map(tokens, sent))


def test_blocks_only_append_until_the_budget_is_hit():
    sent = requests(DiffHistory(tokens=3000), 120)
    anew = [n for n, (before, now) in enumerate(pairwise(sent), 1) if now[: len(before)] != before]
    assert anew, "the budget was never hit"
    assert all(b - a > 5 for a, b in pairwise(anew)), "the anchor moves too often"
    assert reusable(sent) > 0.85
    assert all(tokens(messages) <= 3000 for messages in sent)


def test_a_new_anchor_is_told_in_full_and_keeps_newer_turns():
    sent = requests(DiffHistory(tokens=3000), 120)
    first = next(now for before, now in pairwise(sent) if now[: len(before)] != before)
    assert all(row in first[0].text for row in ROWS[5:8])
    assert 3 < len(first) // 2 < 40


def test_a_window_slides_and_a_prefix_cache_hits_little_of_it():
    sent = requests(WindowHistory(turns=4, tokens=30_000), 40)
    assert {len(messages) for messages in sent[5:]} == {9}
    assert reusable(sent[5:]) == 0


def test_diffs_keep_three_times_as_many_turns_of_long_observations_as_full():
    turns = {
        name: sum(len(messages) // 2 for messages in requests(history, 120))
        for name, history in (("full", FullHistory(tokens=3000)), ("diff", DiffHistory(tokens=3000)))
    }
    assert turns["diff"] > 3 * turns["full"]


def test_a_sliding_anchor_moves_with_every_turn():
    sent = requests(DiffHistory(mode="sliding", turns=4), 12)
    assert [len(messages) for messages in sent] == [1, 3, 5, 7, *([9] * 8)]
    assert "[mission]" in sent[8][0].text
    assert all("[mission]" not in message.text for message in sent[8][1:])
    assert "holds the player at time 4" in sent[8][0].text


def test_what_did_not_change_is_said_to_be_so():
    still = observation(3)
    earlier = (PastTurn(still, Decision(("search",), text="search")),)
    messages = DiffHistory().messages(earlier, Turn(1, still, earlier))
    assert messages[-1].text == "(nothing changed)"


def test_a_notice_stands_before_the_change():
    earlier = tuple(episode(1))
    messages = DiffHistory().messages(
        earlier, Turn(1, observation(1), earlier, "Your last answer was empty.")
    )
    assert messages[-1].text.startswith("Your last answer was empty.\n\n[map] changed:")


def test_the_present_is_shown_even_where_it_alone_breaks_the_budget():
    for history in (DiffHistory(tokens=5), FullHistory(tokens=5), WindowHistory(tokens=5)):
        assert all(len(messages) == 1 for messages in requests(history, 4))


def test_pictures_stay_with_the_last_observations():
    earlier = past(5, image=True)
    for history in (FullHistory(images=2), WindowHistory(images=2), DiffHistory(images=2)):
        messages = history.messages(earlier, turn(earlier, image=True))
        pictured = [n for n, m in enumerate(messages) if any(isinstance(p, Image) for p in m.parts)]
        assert pictured == [len(messages) - 3, len(messages) - 1]


def test_pictures_count_against_the_budget():
    earlier = past(60, image=True)
    with_pictures = FullHistory(tokens=2500, images=2).messages(earlier, turn(earlier, image=True))
    without = FullHistory(tokens=2500, images=0).messages(earlier, turn(earlier, image=True))
    assert len(with_pictures) < len(without)


def test_blocks_do_not_move_when_the_meter_learns():
    """What was decided at a turn rests on what was known at it, so later knowledge changes no message."""
    early, late = Meter(text=0.3), Meter(text=0.5)
    earlier = [*episode(30, meter=early), *episode(60, meter=late)[30:]]
    before = DiffHistory(tokens=3000).messages(*at(earlier, 30, meter=early))
    fresh = DiffHistory(tokens=3000)
    grown = [fresh.messages(*at(earlier, n, meter=late)) for n in (31, 45)]
    assert grown[0][: len(before)] == before
    again = DiffHistory(tokens=3000).messages(*at(earlier, 45, meter=late))
    assert again == grown[1]


def test_a_local_tokenizer_counts_exactly():
    meter = Meter(exact=lambda text: len(text.split()))
    assert meter.count("one two three") == 4 + 3
    assert meter.count("one", pictures=2) == 4 + 1 + 2000


class TestSummary:
    def history(self):
        return SummaryHistory(tokens=2000, summary=300)

    def folded(self, count):
        """Messages and questions of an episode whose model answers every question with its number."""
        history, earlier, sent, asked = self.history(), [], [], []
        for n in range(count):
            now = Turn(n, observation(n), tuple(earlier))
            memo = {}
            if question := history.fold(now.past, now):
                asked.append((n, question))
                memo = {"summary": f"summary {len(asked)}"}
                now = Turn(n, observation(n), now.past, memo=memo)
            sent.append(history.messages(now.past, now))
            earlier.append(PastTurn(observation(n), Decision(("north",), text="north", memo=memo)))
        return sent, asked

    def test_older_turns_are_folded_when_the_budget_is_hit(self):
        sent, asked = self.folded(40)
        first, question = asked[0]
        assert "What happened so far" in question
        assert "holds the player at time 0" in question
        assert sent[first][0].text.startswith("Your summary of what happened before:\nsummary 1\n\n[mission]")
        assert len(sent[first]) < len(sent[first - 1])

    def test_the_old_summary_goes_into_the_new_one(self):
        _, asked = self.folded(60)
        assert len(asked) > 2
        assert "summary 1" in asked[1][1]
        assert "since then" in asked[1][1]

    def test_every_dropped_turn_was_folded_once(self):
        _, asked = self.folded(60)
        told = "\n".join(question for _, question in asked)
        for n in range(asked[-1][0] - 20):
            assert told.count(f"Turn {n + 1}\n") == 1

    def test_it_appends_between_two_summaries(self):
        sent, asked = self.folded(40)
        (first, _), (second, _) = asked[:2]
        for n in range(first, second - 1):
            assert sent[n + 1][: len(sent[n])] == sent[n]

    def test_a_summary_that_is_too_long_is_cut(self):
        history, earlier = self.history(), episode(30)
        n = next(n for n in range(30) if history.fold(*at(earlier, n)))
        sent = history.messages(*at(earlier, n, memo={"summary": "long " * 5000}))
        assert tokens(sent) <= 2000


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: FullHistory(tokens=0), "at least one token"),
        (lambda: DiffHistory(keep=1.0), "less than 1"),
        (lambda: DiffHistory(turns=4), "mode=sliding"),
        (lambda: WindowHistory(turns=-1), "negative"),
        (lambda: FullHistory(images=-1), "negative"),
        (lambda: SummaryHistory(tokens=100, summary=100), "not all"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, says):
    with pytest.raises(InputError, match=says):
        make()


def test_the_first_message_is_the_users():
    assert requests(DiffHistory(), 1)[0][0] == Message("user", requests(FullHistory(), 1)[0][0].parts)
