"""The command line. Commands are imported when called, so that ``--version`` and ``--help`` are quick."""

from __future__ import annotations

import sys
from importlib import import_module

import click

_COMMANDS = {
    "run": ("harness.cli.run:run", "Play a suite or tasks and score the play."),
    "play": ("harness.cli.play:play", "Play a task yourself, recorded and scored as any agent."),
    "demos": ("harness.cli.demos:demos", "Make demonstrations for the few-shot agent."),
    "report": ("harness.cli.report:report", "Write the HTML report of runs."),
    "compare": ("harness.cli.compare:compare", "Compare the agents of runs in the terminal."),
    "site": ("harness.cli.site:site", "Write a leaderboard of verified runs as static pages."),
    "aggregate": ("harness.cli.aggregate:aggregate", "Aggregate any table of scores (CSV), with intervals."),
    "published": ("harness.cli.published:published", "Show scores that others published, and where."),
    "plan-episodes": ("harness.cli.plan_episodes:plan_episodes", "Say how many episodes a difference needs."),
    "decide": ("harness.cli.decide:decide", "Compare two agents as they play: stop when it is decided."),
    "show": ("harness.cli.show:show", "Show one episode, turn by turn."),
    "verify": ("harness.cli.verify:verify", "Execute runs again without a model, and find what was changed."),
    "rescore": ("harness.cli.rescore:rescore", "Compute all scores of runs again, from the records."),
    "export": ("harness.cli.export:export", "Export runs as tables or as training data."),
    "merge": ("harness.cli.merge:merge", "Put the shards of a run together."),
    "view": ("harness.cli.view:view", "Look at runs in the browser, also while they are played."),
    "replay": ("harness.cli.replay:replay", "Play one episode again, in the terminal or into a video."),
    "rom": ("harness.cli.rom:rom", "Add ROMs that are yours to use, and list them."),
    "list": ("harness.cli.listing:listing", "List games, tasks, suites, agents or models."),
    "schema": ("harness.cli.schema:schema", "Print the JSON Schema of a run folder."),
    "new": ("harness.cli.new:new", "Write a package that holds a plugin of your own."),
    "doctor": ("harness.cli.doctor:doctor", "Say what is installed, and what is missing for what."),
}


class _Lazy(click.Group):
    """A group whose commands are modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in _COMMANDS:
            from harness.plugins import unknown

            raise click.UsageError(unknown("command", args[0], _COMMANDS))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        click.echo(f"ludometer {version('ludometer')}")
        ctx.exit()


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, callback=_version, expose_value=False, is_eager=True)
def cli() -> None:
    """Play games with language models, and say how well they play and how sure that is."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 some episodes failed, 2 wrong input, 130 interrupted."""
    from harness.errors import CannotWrite, InputError
    from harness.keys import remember_environment
    from harness.terminal import hush

    hush()
    remember_environment()
    try:
        code = cli.main(args=arguments, prog_name="ludometer", standalone_mode=False)
    except click.ClickException as error:
        _fail(error.format_message())
        code = 2
    except (InputError, CannotWrite) as error:
        _fail(str(error))
        code = 2
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:
        # The reader of our output went away (`| head`); nobody is left to tell.
        sys.stderr.close()
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str) -> None:
    from harness.keys import scrub
    from harness.terminal import safe_text

    click.echo("error: " + safe_text(scrub(" ".join(message.split()))), err=True)
