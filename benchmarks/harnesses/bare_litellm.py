"""The script that many write first: `litellm.acompletion`, a semaphore, a count of right answers."""

import asyncio
import json
import sys
from pathlib import Path

import litellm

SYSTEM = "Name the action that the user wants, as JSON with the key action_type."


async def main(url: str, cases: list[dict[str, str]], concurrency: int) -> None:
    gate = asyncio.Semaphore(concurrency)

    async def ask(case: dict[str, str]) -> bool:
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": case["message"]}]
        async with gate:
            answer = await litellm.acompletion(model="openai/bench", messages=messages, api_base=url, api_key="none")
        return bool(json.loads(answer.choices[0].message.content)["action_type"] == case["label"])

    right = await asyncio.gather(*(ask(case) for case in cases))
    print(sum(right), "of", len(right))


if __name__ == "__main__":
    read = [json.loads(line) for line in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
    asyncio.run(main(sys.argv[1], read, int(sys.argv[3])))
