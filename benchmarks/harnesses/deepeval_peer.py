"""DeepEval: the answers through aiohttp, then its `evaluate` with its own exact-match metric (no judge model)."""

import asyncio
import json
import sys
from pathlib import Path

import aiohttp
from deepeval import evaluate
from deepeval.evaluate import AsyncConfig, CacheConfig, DisplayConfig
from deepeval.metrics import ExactMatchMetric
from deepeval.test_case import LLMTestCase

SYSTEM = "Name the action that the user wants, as JSON with the key action_type."


async def answers(url: str, cases: list[dict[str, str]], concurrency: int) -> list[str]:
    gate = asyncio.Semaphore(concurrency)

    async def ask(session: aiohttp.ClientSession, case: dict[str, str]) -> str:
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": case["message"]}]
        async with gate, session.post(f"{url}/chat/completions", json={"model": "bench", "messages": messages}) as answer:
            return str(json.loads((await answer.json())["choices"][0]["message"]["content"])["action_type"])

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:
        return await asyncio.gather(*(ask(session, case) for case in cases))


def main(url: str, cases: list[dict[str, str]], concurrency: int) -> None:
    told = asyncio.run(answers(url, cases, concurrency))
    tests = [
        LLMTestCase(input=case["message"], actual_output=answer, expected_output=case["label"])
        for case, answer in zip(cases, told, strict=True)
    ]
    evaluate(
        tests,
        [ExactMatchMetric()],
        async_config=AsyncConfig(max_concurrent=concurrency),
        display_config=DisplayConfig(show_indicator=False, print_results=False),
        cache_config=CacheConfig(write_cache=False),
    )


if __name__ == "__main__":
    read = [json.loads(line) for line in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
    main(sys.argv[1], read, int(sys.argv[3]))
