"""Inspect AI: a task with its `generate` solver and `includes` scorer, its log on disk, its OpenAI-compatible provider."""

import json
import sys
from pathlib import Path

from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate, system_message

SYSTEM = "Name the action that the user wants, as JSON with the key action_type."


def main(url: str, cases: list[dict[str, str]], concurrency: int) -> None:
    samples = [Sample(input=case["message"], target=case["label"], id=number) for number, case in enumerate(cases, 1)]
    task = Task(dataset=MemoryDataset(samples), solver=[system_message(SYSTEM), generate()], scorer=includes())
    model = get_model("openai-api/bench/bench", base_url=url, api_key="none")
    (log,) = eval(task, model=model, max_connections=concurrency, max_samples=concurrency, display="none", log_dir="logs")
    print(log.status)


if __name__ == "__main__":
    read = [json.loads(line) for line in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
    main(sys.argv[1], read, int(sys.argv[3]))
