"""`omniforge route`: one message, or a stream of them."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Unpack

import click

from omniforge_cli.api.router import IntentRouter
from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode, say
from omniforge_cli.cli.invocation import settings_from
from omniforge_cli.cli.options import RoutingFlags, routing_options
from omniforge_cli.cli.show import decision_text, tell_analyzer, tell_fallback
from omniforge_cli.core.decision import RoutingDecision
from omniforge_cli.core.settings import Settings
from omniforge_cli.wiring.running import run


class RouteFlags(RoutingFlags):
    """What `route` takes."""

    message: str | None
    is_batch: bool
    conversation: str | None
    history: str | None
    agents: str | None
    no_fallback: bool


@click.command("route")
@click.argument("message", required=False)
@click.option("--batch", "is_batch", is_flag=True, help="Read JSONL or plain lines from stdin, write JSONL in input order, streaming.")
@click.option("--conversation", metavar="ID", help="Route with this stored conversation behind the message, and store both.")
@click.option("--history", metavar="FILE", help="Conversation so far: a JSON or YAML list of {role, content}.")
@click.option("--agents", metavar="FILE", help="The user's agents: names, or {id, name, description, skills}, as JSON or YAML.")
@click.option("--no-fallback", is_flag=True, help="When the LLM fails, exit 3 instead of answering offline.")
@routing_options
def command(**flags: Unpack[RouteFlags]) -> int:
    """Decide what a message wants. Without MESSAGE, or with `-`, read it from stdin.

    With no key and no network the trained `local` analyzer answers; with a model or a provider key configured, the LLM does.
    """
    settings = settings_from(flags)
    if flags["is_batch"]:
        if flags["message"] not in (None, "-") or flags["conversation"]:
            raise click.UsageError("--batch reads its messages from stdin; give neither MESSAGE nor --conversation")
        batch = import_module("omniforge_cli.cli.batch")  # a single message does not need what a stream needs
        code: int = batch.run(settings, agents=flags["agents"], history=flags["history"], no_fallback=flags["no_fallback"])
        return code
    router = IntentRouter(settings=settings, no_fallback=flags["no_fallback"], agents=flags["agents"], history=flags["history"])
    text = flags["message"]
    # stdin is read outside of the event loop, where the first Ctrl-C ends it
    message = _from_stdin() if text is None or text == "-" else _printable(text)
    return run(_route(router, settings, message, flags["conversation"]), is_offline=router.is_offline and flags["conversation"] is None)


async def _route(router: IntentRouter, settings: Settings, message: str, conversation_id: str | None) -> int:
    tell_analyzer(router, settings)
    if conversation_id is None:
        try:
            decision = await router.route(message)
        finally:
            await router.close()
    else:
        decision = await _in_conversation(router, settings, conversation_id, message)
    tell_fallback(decision, settings)
    if settings.format == "json":
        output.json_line(decision.to_dict())
    else:
        output.write(decision_text(decision))
    return ExitCode.OK


async def _in_conversation(router: IntentRouter, settings: Settings, conversation_id: str, message: str) -> RoutingDecision:
    chatting = import_module("omniforge_cli.api.chatting")  # most calls store nothing
    async with chatting.Chat(router, settings, warn=lambda line: say(f"omniforge: warning: {line}")) as chat:
        await chat.resume(conversation_id)
        decision: RoutingDecision = (await chat.send(message)).decision
    if chat.lost:
        say(f"omniforge: {chat.lost} messages could not be stored and are lost")
    return decision


def _from_stdin() -> str:
    if sys.stdin is None or sys.stdin.isatty():
        say("Type a message, then Ctrl-D.")
    content = b"" if sys.stdin is None else sys.stdin.buffer.read()
    return content.decode("utf-8", "replace").removesuffix("\n")


def _printable(argument: str) -> str:
    """An argument whose bytes were no UTF-8 reaches Python as lone surrogates, which cannot be sent or printed."""
    return argument.encode("utf-8", "replace").decode("utf-8")
