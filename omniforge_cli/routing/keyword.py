"""The rule-based safety net: it always answers, from the keywords of any taxonomy. It learns nothing and reads no history."""

from __future__ import annotations

import re
from typing import Final

from omniforge_cli.core.decision import RoutingDecision, RoutingRequest, Source
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.routing.analyzer import clarifying_question

_OPENING: Final = 24
"""Characters at the start in which a keyword counts double: people say first what they want."""
_UNSPACED: Final = re.compile(r"[\u0900-\u0dff\u3040-\u30ff\u3400-\u9fff]")


class KeywordAnalyzer:
    """Scores each label by the keywords found: longer phrases weigh more, words at the start of the message double.

    The confidence is the winner's share of all that was found; it is not calibrated.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._labels: dict[str, list[str]] = {}
        for label in taxonomy.labels:
            for keyword in dict.fromkeys(word.casefold() for word in label.keywords or (label.spoken, label.name) if word.strip()):
                self._labels.setdefault(keyword, []).append(label.name)
        self._pattern = _pattern(sorted(self._labels, key=len, reverse=True))

    async def analyze(self, request: RoutingRequest) -> RoutingDecision:
        """The label whose keywords weigh most; "none of these" with low confidence when none was found."""
        scores = dict.fromkeys(self._taxonomy.names, 0.0)
        for match in self._pattern.finditer(request.message.casefold()):
            keyword = match.group()
            weight = (1.0 + 0.5 * keyword.count(" ")) * (2.0 if match.start() < _OPENING else 1.0)
            for name in self._labels[keyword]:
                scores[name] += weight
        ranked = sorted((name for name in scores if scores[name]), key=lambda name: -scores[name])  # a tie goes by the taxonomy's order
        if not ranked:
            return self._decision(self._taxonomy.none_of_these or self._taxonomy.names[0], None, 0.3, "no keyword was found")
        confidence = scores[ranked[0]] / (sum(scores.values()) + 0.5)
        alternative = ranked[1] if len(ranked) > 1 else None
        return self._decision(ranked[0], alternative, confidence, "keywords of this action type weigh most")

    def _decision(self, action: str, alternative: str | None, confidence: float, reasoning: str) -> RoutingDecision:
        ambiguous = confidence < self._taxonomy.clarification_threshold
        return RoutingDecision(
            action_type=action,
            confidence=confidence,
            source=Source.KEYWORD,
            reasoning=reasoning,
            is_ambiguous=ambiguous,
            alternative_action=alternative,
            clarifying_question=clarifying_question(self._taxonomy, action, alternative) if ambiguous else None,
        )


def _pattern(keywords: list[str]) -> re.Pattern[str]:
    """Finds any of the keywords, the first that fits: whole words, but scripts written without spaces anywhere."""
    anywhere = [keyword for keyword in keywords if _UNSPACED.search(keyword)]
    words = [keyword for keyword in keywords if not _UNSPACED.search(keyword)]
    forms = (("(?<!\\w)(?:", words, ")(?!\\w)"), ("(?:", anywhere, ")"))  # one look behind for all: twenty times quicker than one for each
    return re.compile("|".join(f"{before}{'|'.join(map(re.escape, some))}{after}" for before, some, after in forms if some) or "(?!)")
