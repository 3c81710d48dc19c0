"""The labels that a message can be routed to, as data: nothing here knows any label by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from omniforge_cli.core.errors import TaxonomyError
from omniforge_cli.core.identity import nearest

TAXONOMY_SCHEMA_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One action type. `phrase` completes "Do you want to …"; `reply` is what chat says once it is decided."""

    name: str
    description: str = ""
    phrase: str = ""
    boundary_notes: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    reply: str = ""

    __pydantic_config__ = {"extra": "forbid"}

    @property
    def spoken(self) -> str:
        """How a clarifying question names this label."""
        return self.phrase or self.name.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxonomy:
    """Labels in file order with the few rules that belong to all of them.

    `none_of_these` is the label for "no actionable intent"; `addressed_to_agent` the one an `@agent` message takes (None
    where the taxonomy has no such notion); under `clarification_threshold` a decision asks back.
    """

    name: str
    labels: tuple[Label, ...]
    none_of_these: str | None = None
    addressed_to_agent: str | None = None
    clarification_threshold: float = 0.5
    schema_version: int = TAXONOMY_SCHEMA_VERSION
    version: str = "1"
    description: str = ""
    boundary_rules: tuple[str, ...] = ()
    clarification: str = "Do you want to {first}, or to {second}?"
    clarification_open: str = "I am not sure what you want to do. Could you say it in other words?"
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)

    __pydantic_config__ = {"extra": "forbid"}

    def __post_init__(self) -> None:
        """Check what a schema cannot: unique labels, special labels that exist, a question that can be filled in."""
        names = tuple(label.name for label in self.labels)
        object.__setattr__(self, "names", names)
        if not names:
            raise TaxonomyError(f"taxonomy {self.name}: it has no labels; add at least one under `labels`")
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise TaxonomyError(f"taxonomy {self.name}: label {twice!r} stands twice; remove one")
        if not 0.0 <= self.clarification_threshold <= 1.0:
            raise TaxonomyError(f"taxonomy {self.name}: clarification_threshold must lie between 0 and 1")
        try:
            self.clarification.format(first="", second="")
        except (LookupError, ValueError, AttributeError) as exc:
            raise TaxonomyError(f"taxonomy {self.name}: clarification may name {{first}} and {{second}} and nothing else ({exc})") from exc
        for key in ("none_of_these", "addressed_to_agent"):
            value = getattr(self, key)
            if value is not None and value not in names:
                raise TaxonomyError(f"taxonomy {self.name}: {key} is {value!r}, which is not a label{nearest(value, names)}")

    def label(self, name: str) -> Label:
        """The label of that name.

        Raises:
            TaxonomyError: it is not in this taxonomy; the message names the nearest one.
        """
        for label in self.labels:
            if label.name == name:
                return label
        raise TaxonomyError(f"{name!r} is not a label of taxonomy {self.name}{nearest(name, self.names)}")
