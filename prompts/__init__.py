"""Every word that a model reads: Jinja templates, rendered strictly.

An undefined variable is an error, not an empty string: a prompt that lost a fact must not be sent.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import BaseLoader, Environment, PackageLoader, StrictUndefined, TemplateNotFound


class _ByPackage(BaseLoader):
    """Finds ``package:path`` in that package's folder, and a bare path in this one."""

    def get_source(self, environment: Environment, template: str) -> Any:
        package, _, path = template.rpartition(":")
        try:
            return _loader(package or "prompts").get_source(environment, path)
        except (ImportError, ValueError) as error:
            raise TemplateNotFound(template, f"{template}: {error}") from error


@cache
def _loader(package: str) -> PackageLoader:
    return PackageLoader(package, "" if package == "prompts" else ".")


@cache
def environment() -> Environment:
    """The one Jinja environment of all prompts."""
    return Environment(
        loader=_ByPackage(),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - prompts are plain text, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


def render(template: str, **facts: Any) -> str:
    """The words of a template, without blank space around them.

    Raises:
        jinja2.TemplateNotFound: there is no such template.
        jinja2.UndefinedError: the template names a fact that was not given.
    """
    return environment().get_template(template).render(**facts).strip()


__all__ = ["environment", "render"]
