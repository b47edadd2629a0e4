"""What a spec says under ``engine`` for a program of the desktop: places, and how the start is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from games.desktop._checkpoints import Sight


class Begin(BaseModel):
    """How a game comes from its first picture to the start of an episode: a key, until a place is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    until: str
    press: str = Field("", description="What is pressed again and again; empty: nothing.")
    first: int = Field(50, ge=0, description="Frames before it is pressed.")
    every: PositiveInt = Field(10, description="Frames between two presses.")
    most: PositiveInt = Field(1_200, description="Frames after which the start counts as not reached.")


class Settings(BaseModel):
    """The whole of ``engine``; a game adds its own fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    legend: str = Field("", description="What the player is told beside the controls.")
    begin: Begin | None = None
    sights: dict[Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")], Sight] = {}

    @model_validator(mode="after")
    def _there(self) -> Self:
        if self.begin is not None and self.begin.until not in self.sights:
            raise ValueError(f"begin.until: there is no sight {self.begin.until!r}")
        return self

    @classmethod
    def of(cls, engine: Mapping[str, Any]) -> Self:
        """The settings of a spec.

        Raises:
            ValueError: they break a rule: which, in one line.
        """
        try:
            return cls.model_validate(engine)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise ValueError(f"engine.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
