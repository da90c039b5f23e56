"""What every table of the settings has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table of the configuration: no unknown keys, never changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    def own(self) -> tuple[str, ...]:
        """Return the names of the settings that mean something here; some tables have more than one kind."""
        return tuple(type(self).model_fields)
