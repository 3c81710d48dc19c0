"""`omniforge train`: an offline analyzer for any set of labels."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode
from omniforge_cli.cli.invocation import settings_from
from omniforge_cli.cli.options import CommonFlags, common_options, taxonomy_option


class TrainFlags(CommonFlags):
    """What `train` takes."""

    data: str
    out: str
    taxonomy: str | None
    none_label: str | None
    seed: int


@click.command("train")
@click.option("--data", required=True, metavar="FILE", help="Labelled messages: JSONL or CSV with message and label, or an eval set.")
@click.option("--out", required=True, metavar="DIR", help="Folder to write; `--taxonomy DIR` then routes with it.")
@taxonomy_option
@click.option("--none-label", metavar="LABEL", help="The label for none of these.  [default: the taxonomy's, or oos, or unknown]")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the held-out parts.")
@common_options
def command(**flags: Unpack[TrainFlags]) -> int:
    """Fit the `local` analyzer for any set of labels, and print how good it is on messages that it did not see."""
    from omniforge_cli.api.training import train  # noqa: PLC0415 - `--help` must not pay for what training loads

    settings = settings_from({**flags, "taxonomy": None})
    trained = train(
        data=Path(flags["data"]), out=Path(flags["out"]), taxonomy=flags["taxonomy"], none_label=flags["none_label"], seed=flags["seed"]
    )
    if settings.format == "json":
        output.json_line({"folder": str(trained.folder), **trained.card})
        return ExitCode.OK
    card = trained.card
    held_out = card["held_out"]
    output.line(f"{trained.folder}: {card['labels']} labels from {card['data']['messages']:,} messages, {card['size_bytes'] / 1e6:.2f} MB")
    output.line(f"held out: {held_out['accuracy']:.1%} right, calibration error {held_out['ece']:.3f}")
    output.line(
        f"asks back under a confidence of {card['clarification_threshold']:.2f}; none of these: {card['none_of_these'] or 'no label'}"
    )
    output.line(f'try: omniforge route --analyzer local --taxonomy {trained.folder} "…"')
    return ExitCode.OK
