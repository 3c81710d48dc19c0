from __future__ import annotations

from omniforge_cli.core.redaction import redact
from omniforge_cli.core.report import case_of
from tests.evals.test_journal import sample


def test_no_text_of_a_case_shows_a_secret() -> None:
    secret = "sk-abcdefghijklmnopqrstuvwxyz0123"
    told = sample(
        message=f"@{secret} go on", target_agent_id=secret, reasoning=secret, clarifying_question=secret, entities={"key": secret}
    )
    case = case_of(told, redact)
    assert secret not in str(case)
    assert (case["target_agent_id"], case_of(sample(), redact)["target_agent_id"]) == ("[redacted]", None)
