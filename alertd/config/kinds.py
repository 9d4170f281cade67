"""Settings of the kinds of rule that remember what matched before: spikes, and shifts of sentiment."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from alertd.config.units import Duration
from alertd.config.values import Model

DAY: Final = 86400.0


class SpikeSettings(Model):
    """More news about a company than its own past says, by hour of the week."""

    within: Annotated[float, Duration(600, DAY)] = 3600.0
    """The time that is looked back upon; reports in it are counted, copies left out."""
    chance: Annotated[float, Field(gt=0, le=0.1)] = 0.0001
    """So improbable the count must be, were all as usual."""
    least: Annotated[int, Field(ge=2, le=1000)] = 4
    """Fewer reports are never a spike."""
    history: Annotated[float, Duration(7 * DAY, 91 * DAY)] = 28 * DAY
    """The past that says what is usual. Of a company of which less than 7d are known there are no spikes."""


class ShiftSettings(Model):
    """The mean sentiment towards a company over its latest articles shifts. Name one of the first four at least."""

    below: Annotated[float, Field(ge=-1, le=1)] | None = None
    """It falls below this score, -1 to 1."""
    above: Annotated[float, Field(ge=-1, le=1)] | None = None
    """It rises above this score, -1 to 1."""
    drop: Annotated[float, Field(ge=0, le=2)] = 0.0
    """It falls by so much from its highest since the last alert; 0 for any."""
    rise: Annotated[float, Field(ge=0, le=2)] = 0.0
    """It rises by so much from its lowest since the last alert; 0 for any."""
    articles: Annotated[int, Field(ge=3, le=200)] = 8
    """Articles that the mean is of."""
    within: Annotated[float, Duration(3600, 91 * DAY)] = 7 * DAY
    """The time after which an article counts no more."""

    @model_validator(mode="after")
    def _asks(self) -> Self:
        if self.below is None and self.above is None and not self.drop and not self.rise:
            raise ValueError("without below, above, drop or rise; name at least one of them")
        return self
