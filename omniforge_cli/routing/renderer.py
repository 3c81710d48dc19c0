"""What turns a prompt version and a request into the messages on the wire."""

from __future__ import annotations

from typing import Protocol

from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.core.prompt import PromptVersion
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.routing.provider import ChatMessage


class Renderer(Protocol):
    """Renders one prompt version for one taxonomy."""

    def render(self, prompt: PromptVersion, taxonomy: Taxonomy, request: RoutingRequest) -> tuple[ChatMessage, ...]:
        """System message, few-shot turns, then one `user` message that ends with the message verbatim.

        Raises:
            PromptError: the template is wrong.
        """
        ...
