from __future__ import annotations

import pytest

from omniforge_cli.core.decision import FallbackReason, Source
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.routing.cascade import CascadeAnalyzer
from omniforge_cli.testing import ScriptedAnalyzer
from tests.routing.making import asked, decided

LLM = decided("track_parcel", source=Source.LLM)


@pytest.mark.parametrize(("confidence", "asks"), [(0.79, True), (0.8, False), (1.0, False), (0.0, True)])
async def test_the_llm_is_asked_only_under_the_threshold(confidence: float, asks: bool):
    local, llm = ScriptedAnalyzer([decided(confidence=confidence)]), ScriptedAnalyzer([LLM])
    decision = await CascadeAnalyzer(local=local, llm=llm, threshold=0.8).analyze(asked("x"))
    assert decision.source is (Source.LLM if asks else Source.LOCAL)
    assert len(llm.requests) == asks


async def test_a_failure_of_the_llm_is_the_cascades():
    failing = ScriptedAnalyzer([ProviderError("down", reason=FallbackReason.CONNECTION)])
    cascade = CascadeAnalyzer(local=ScriptedAnalyzer([decided(confidence=0.1)]), llm=failing, threshold=0.8)
    with pytest.raises(ProviderError, match="down"):
        await cascade.analyze(asked("x"))
