"""`ActionType`: the default taxonomy's labels as a StrEnum, for users' code; ours asks the taxonomy."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from omniforge_cli.wiring.routing import load_taxonomy

if TYPE_CHECKING:
    ActionType = StrEnum
else:
    ActionType = StrEnum("ActionType", {name.upper(): name for name in load_taxonomy("omniforge").taxonomy.names})
