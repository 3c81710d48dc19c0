"""Stored conversations -> cases: each user turn with its context as it stood then, and the decision made then as what is expected."""

from __future__ import annotations

import hashlib
import random
from collections.abc import AsyncIterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from omniforge_cli.conversations.context import assemble_context
from omniforge_cli.core.conversation import Message, Transcript
from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.core.evalset import Case, EvalSet
from omniforge_cli.core.identity import canonical_json
from omniforge_cli.evals.spool import SpooledCases

_TOLD: Final = ("action_type", "confidence", "reasoning", "source", "model", "prompt")
"""What of the decision made then stands beside the new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFilter:
    """Which turns are replayed. Times are aware; `action` is of the decision made then; `sample` chooses N at random by `seed`."""

    since: datetime | None = None
    until: datetime | None = None
    action: str | None = None
    sample: int | None = None
    seed: int = 0
    max_messages: int = 20

    def takes(self, case: Case, message: Message) -> bool:
        """Whether the turn of that message is replayed."""
        moment = message.created_at
        if self.since is not None and (moment is None or moment < self.since):
            return False
        if self.until is not None and (moment is None or moment >= self.until):
            return False
        return self.action is None or case.expected_action == self.action


class ContentDigest:
    """Identity of the turns to replay by their content: each conversation's messages once, and what is taken of them."""

    def __init__(self, **chosen: int | None) -> None:
        self._digest = hashlib.sha256(canonical_json(chosen).encode())

    def add(self, transcript: Transcript, cases: Sequence[Case]) -> None:
        """Count a conversation in, of which these turns are replayed."""
        said = [(message.role, message.content) for message in transcript.messages]
        taken = [(case.id, case.expected_action) for case in cases]
        self._digest.update(canonical_json((said, taken)).encode("utf-8", "surrogatepass"))

    def hexdigest(self) -> str:
        """SHA-256 of everything so far."""
        return self._digest.hexdigest()


def turns(transcript: Transcript, max_messages: int, labels: frozenset[str]) -> Iterator[tuple[Case, Message]]:
    """Each user turn of a conversation as a case. A decision that is missing, or names no label of the taxonomy, leaves it unlabelled."""
    conversation_id = transcript.conversation.id
    for position, message in enumerate(transcript.messages):
        if message.role != "user":
            continue
        decision = message.metadata.get("decision")
        action = decision.get("action_type") if isinstance(decision, dict) else None
        yield (
            Case(
                id=f"{conversation_id}#{position + 1}",
                message=message.content,
                expected_action=action if action in labels else None,
                history=assemble_context(transcript.messages[:position], max_messages=max_messages),
                origin=conversation_id,
                decided_then={key: decision[key] for key in _TOLD if decision.get(key)} if isinstance(decision, dict) else {},
            ),
            message,
        )


async def replay_set(
    transcripts: AsyncIterable[Transcript], *, chosen: TurnFilter, labels: tuple[str, ...], name: str, spool: SpooledCases
) -> EvalSet:
    """The turns to replay, in stored order, as an eval set whose hash is that of its content. They are kept in `spool`.

    Raises:
        EvalSetError: there are none.
    """
    known = frozenset(labels)
    content = ContentDigest(sample=chosen.sample, seed=chosen.seed, max_messages=chosen.max_messages)
    sampled: list[Case] = []
    rng = random.Random(chosen.seed)
    seen = 0
    async for transcript in transcripts:
        cases = [case for case, message in turns(transcript, chosen.max_messages, known) if chosen.takes(case, message)]
        if cases:
            content.add(transcript, cases)
        for case in cases:
            seen += 1
            if chosen.sample is None:
                spool.append(case)
            elif len(sampled) < chosen.sample:
                sampled.append(case)
            elif (place := rng.randrange(seen)) < chosen.sample:  # reservoir sampling (Vitter, algorithm R)
                sampled[place] = case
    if not seen:
        raise EvalSetError(
            f"{name}: there is no user turn to replay, after the filters; `omniforge conversations list` shows what is stored"
        )
    return EvalSet(name=name, version="replay", cases=spool if chosen.sample is None else sampled, sha256=content.hexdigest())
