"""omniforge: routes chat messages to actions with an LLM, and proves how well it does so.

Importing this package costs nothing: each public name is resolved on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omniforge_cli.adapters.duckdb.conversations import DuckDBConversationRepository
    from omniforge_cli.api.comparison import compare
    from omniforge_cli.api.evaluation import evaluate
    from omniforge_cli.api.labels import ActionType
    from omniforge_cli.api.replaying import replay
    from omniforge_cli.api.router import IntentRouter
    from omniforge_cli.conversations.context import assemble_context, estimate_tokens, format_context_for_llm
    from omniforge_cli.conversations.memory import InMemoryConversationRepository
    from omniforge_cli.conversations.repository import ConversationRepository
    from omniforge_cli.conversations.service import ChatService
    from omniforge_cli.core.conversation import Conversation, Message
    from omniforge_cli.core.decision import RoutingDecision
    from omniforge_cli.core.errors import IntentAnalysisError
    from omniforge_cli.core.taxonomy import Taxonomy
    from omniforge_cli.routing.keyword import KeywordAnalyzer
    from omniforge_cli.routing.llm import LLMIntentAnalyzer
    from omniforge_cli.routing.local import LocalAnalyzer

__version__ = "0.1.0"

_HOMES = {
    "ActionType": "api.labels",
    "ChatService": "conversations.service",
    "Conversation": "core.conversation",
    "ConversationRepository": "conversations.repository",
    "DuckDBConversationRepository": "adapters.duckdb.conversations",
    "InMemoryConversationRepository": "conversations.memory",
    "IntentAnalysisError": "core.errors",
    "IntentRouter": "api.router",
    "KeywordAnalyzer": "routing.keyword",
    "LLMIntentAnalyzer": "routing.llm",
    "LocalAnalyzer": "routing.local",
    "Message": "core.conversation",
    "RoutingDecision": "core.decision",
    "Taxonomy": "core.taxonomy",
    "assemble_context": "conversations.context",
    "compare": "api.comparison",
    "estimate_tokens": "conversations.context",
    "evaluate": "api.evaluation",
    "format_context_for_llm": "conversations.context",
    "replay": "api.replaying",
}

__all__ = [
    "ActionType",
    "ChatService",
    "Conversation",
    "ConversationRepository",
    "DuckDBConversationRepository",
    "InMemoryConversationRepository",
    "IntentAnalysisError",
    "IntentRouter",
    "KeywordAnalyzer",
    "LLMIntentAnalyzer",
    "LocalAnalyzer",
    "Message",
    "RoutingDecision",
    "Taxonomy",
    "assemble_context",
    "compare",
    "estimate_tokens",
    "evaluate",
    "format_context_for_llm",
    "replay",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
