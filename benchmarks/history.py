"""What the histories cost in tokens, how many turns they keep, and how much a prefix cache can reuse.

``python benchmarks/history.py [--quick] [--json]``. Real observations of random play and of scripted play
(the game's oracle; in Crafter, which has none, a fixed round of moves), the conversation beginning anew with
each episode. Tokens are those of SmolLM2's own tokenizer, instructions and the template's frames included.
`observation` is what the present turn adds, `turns` how many past ones are shown with it. `reusable_prefix`
is the share of all prompt tokens that stood at the beginning of the request before; of an episode's first
request nothing is reusable.
"""

import argparse
import json
import random
import warnings
from functools import lru_cache

warnings.simplefilter("ignore")

STREAMS = {
    ("nethack", "random"): "nethack/NetHackChallenge-v0",
    ("nethack", "scripted"): "nethack/NetHackChallenge-v0",
    ("minihack", "random"): "minihack/MiniHack-Quest-Easy-v0",
    ("minihack", "scripted"): "minihack/MiniHack-MazeWalk-Mapped-45x19-v0",
    ("crafter", "random"): "crafter/standard",
    ("crafter", "scripted"): "crafter/standard",
    ("babyai", "random"): "babyai/putnext",
    ("babyai", "scripted"): "minigrid/BabyAI-GoToSeq-v0",
    ("atari", "random"): "atari/seaquest",
    ("atari", "scripted"): "atari/pong@atari-gpt",
}
BUDGETS = (4000, 16000)
STEPS, QUICK = 600, 300
ROUND = [*["move east"] * 4, "do", *["move south"] * 3, "do", *["move west"] * 4, "do", "move north", "do"]


def histories(tokens):
    from harness.histories.diff import DiffHistory
    from harness.histories.full import FullHistory
    from harness.histories.window import WindowHistory

    return {
        "full": FullHistory(tokens=tokens),
        "window": WindowHistory(turns=16, tokens=tokens),
        "diff-sliding": DiffHistory(mode="sliding", tokens=tokens),
        "diff-blocks": DiffHistory(tokens=tokens),
    }


def player(kind, task, world, briefing):
    """A function of the step that names the next action."""
    from harness import tasks

    names = [action.name for action in briefing.actions]
    if kind == "random":
        dice = random.Random(1)
        return lambda _: dice.choice(names)
    if tasks.info(task).oracle:
        return lambda _: world.oracle()
    return lambda step: ROUND[step % len(ROUND)]


def episodes(kind, task, steps, meter):
    """(instructions, past turns) of each episode of at least `steps` steps of play."""
    from harness.api import Decision, PastTurn
    from harness.world import World

    world, left, seed = World(task), steps, 0
    try:
        while left > 0:
            briefing, frame = world.reset(seed)
            choose, past = player(kind, task, world, briefing), []
            while left > 0 and not frame.over:
                action = choose(len(past))
                past.append(PastTurn(frame.observation, Decision((action,), text=action), meter=meter))
                frame = world.step(action)
                left -= 1
            yield briefing.instructions, past
            seed += 1
    finally:
        world.close()


def measured(name, tokens, play, meter):
    """Tokens a step, turns kept, and the share of the tokens that could be reused."""
    from harness.api import Turn

    steps = total = kept = reused = added = 0
    for instructions, past in play:
        history, before = histories(tokens)[name], []
        head = meter.count(f"{instructions}\n\n{getattr(history, 'note', '')}".strip())
        for at, turn in enumerate(past):
            sent = history.messages(past[:at], Turn(at, turn.observation, past[:at], meter=meter))
            costs = [meter.count(message.text) for message in sent]
            same = next(
                (n for n, pair in enumerate(zip(before, sent, strict=False)) if pair[0] != pair[1]), None
            )
            same = min(len(before), len(sent)) if same is None else same
            total += head + sum(costs)
            reused += head + sum(costs[:same]) if before else 0
            kept += len(sent) // 2
            added += costs[-1]
            steps += 1
            before = sent
    return {
        "tokens_per_step": round(total / steps, 1),
        "turns": round(kept / steps, 2),
        "observation": round(added / steps, 1),
        "reusable_prefix": round(reused / total, 4),
        "steps": steps,
    }


def meter():
    """Counts with SmolLM2's tokenizer."""
    from transformers import AutoTokenizer

    from harness.api import Meter
    from harness.providers.embedded import model_file

    file = model_file()
    words = AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name)
    return Meter(exact=lru_cache(None)(lambda text: len(words(text, add_special_tokens=False)["input_ids"])))


def rows(steps, budgets):
    counts = meter()
    for (game, kind), task in STREAMS.items():
        play = list(episodes(kind, task, steps, counts))
        for budget in budgets:
            for name in histories(budget):
                found = measured(name, budget, play, counts)
                yield {"game": game, "play": kind, "task": task, "budget": budget, "history": name, **found}


def show(found):
    """A Markdown table: a row a game, play and history, three columns a budget."""
    budgets = sorted({row["budget"] for row in found})
    heads = [f"{what}, {budget:,}" for budget in budgets for what in ("tokens a step", "turns", "reusable")]
    print("| game | play | history | an observation | " + " | ".join(heads) + " |")
    print("|---" * (4 + len(heads)) + "|")
    lines = {}
    for row in found:
        line = lines.setdefault((row["game"], row["play"], row["history"]), [f"{row['observation']:.0f}"])
        line += [f"{row['tokens_per_step']:,.0f}", f"{row['turns']:.1f}", f"{row['reusable_prefix']:.1%}"]
    for key, line in lines.items():
        print("| " + " | ".join((*key, *line)) + " |")
    saved = {
        f"{row['game']} ({row['play']}) {1 - row['observation'] / full(found, row)['observation']:.0%}"
        for row in found
        if row["history"] == "diff-blocks" and row["budget"] == budgets[0]
    }
    print(f"\nof an observation's tokens diff-blocks saves: {', '.join(sorted(saved))}")


def full(found, row):
    """The row of `full` on the same play with the same budget."""
    keys = ("game", "play", "budget")
    return next(o for o in found if o["history"] == "full" and all(o[key] == row[key] for key in keys))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="300 steps a game and the small budget only")
    parser.add_argument("--json", action="store_true", help="a list of flat rows")
    given = parser.parse_args()
    found = list(rows(*((QUICK, BUDGETS[:1]) if given.quick else (STEPS, BUDGETS))))
    if given.json:
        print(json.dumps(found))
    else:
        show(found)


if __name__ == "__main__":
    main()
