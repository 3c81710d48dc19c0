"""The least that can be written: aiohttp, a semaphore, a count of right answers. `URL CASES CONCURRENCY`, as every harness here."""

import asyncio
import json
import sys
from pathlib import Path

import aiohttp

SYSTEM = "Name the action that the user wants, as JSON with the key action_type."


async def main(url: str, cases: list[dict[str, str]], concurrency: int) -> None:
    gate = asyncio.Semaphore(concurrency)

    async def ask(session: aiohttp.ClientSession, case: dict[str, str]) -> bool:
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": case["message"]}]
        async with gate, session.post(f"{url}/chat/completions", json={"model": "bench", "messages": messages}) as answer:
            content = (await answer.json())["choices"][0]["message"]["content"]
            return bool(json.loads(content)["action_type"] == case["label"])

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:
        right = await asyncio.gather(*(ask(session, case) for case in cases))
    print(sum(right), "of", len(right))


if __name__ == "__main__":
    read = [json.loads(line) for line in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
    asyncio.run(main(sys.argv[1], read, int(sys.argv[3])))
