"""pydantic-evals: its dataset, its exact-match evaluator, its report; the task calls the provider through aiohttp."""

import asyncio
import json
import sys
from pathlib import Path

import aiohttp
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected

SYSTEM = "Name the action that the user wants, as JSON with the key action_type."


async def main(url: str, cases: list[dict[str, str]], concurrency: int) -> None:
    dataset = Dataset(
        name="bench",
        cases=[Case(name=str(number), inputs=case["message"], expected_output=case["label"]) for number, case in enumerate(cases)],
        evaluators=[EqualsExpected()],
    )
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:

        async def ask(message: str) -> str:
            messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": message}]
            async with session.post(f"{url}/chat/completions", json={"model": "bench", "messages": messages}) as answer:
                return str(json.loads((await answer.json())["choices"][0]["message"]["content"])["action_type"])

        report = await dataset.evaluate(ask, max_concurrency=concurrency, progress=False)
    print(report.averages())


if __name__ == "__main__":
    read = [json.loads(line) for line in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
    asyncio.run(main(sys.argv[1], read, int(sys.argv[3])))
