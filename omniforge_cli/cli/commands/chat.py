"""`omniforge chat`: a conversation in the terminal, or through a pipe."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from typing import Unpack

import click

from omniforge_cli.api.chatting import Chat
from omniforge_cli.api.router import IntentRouter
from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode, exit_code, say
from omniforge_cli.cli.invocation import settings_from
from omniforge_cli.cli.options import RoutingFlags, routing_options
from omniforge_cli.cli.show import tell_analyzer, tell_fallback
from omniforge_cli.conversations.service import Turn
from omniforge_cli.core.decision import RoutingDecision
from omniforge_cli.core.errors import OmniforgeError
from omniforge_cli.core.settings import Settings
from omniforge_cli.wiring.storage import redactor

_HELP = "/new begins a conversation, /list shows the last ones, /resume ID goes on with one, /why explains the last decision, /quit ends."


class ChatFlags(RoutingFlags):
    """What `chat` takes."""

    conversation: str | None
    agents: str | None
    no_fallback: bool


@click.command("chat")
@click.option("--conversation", metavar="ID", help="Go on with this stored conversation.")
@click.option("--agents", metavar="FILE", help="The user's agents: names, or {id, name, description, skills}, as JSON or YAML.")
@click.option("--no-fallback", is_flag=True, help="When the LLM fails, say so instead of answering offline.")
@routing_options
def command(**flags: Unpack[ChatFlags]) -> int:
    """Talk in the terminal. The conversation is stored, and each line from a pipe is a message too.

    /new, /list, /resume ID, /why and /quit are commands.
    """
    settings = settings_from(flags)
    router = IntentRouter(settings=settings, agents=flags["agents"], no_fallback=flags["no_fallback"])
    tell_analyzer(router, settings)
    if sys.stdin.isatty() and importlib.util.find_spec("readline"):
        __import__("readline")  # gives input() its line editing and history
    return asyncio.run(_Session(settings, Chat(router, settings, warn=_warn)).run(flags["conversation"]))


def _warn(line: str) -> None:
    say(f"omniforge: warning: {line}")


class _Session:
    """Reads lines, answers them, and carries out the slash commands."""

    def __init__(self, settings: Settings, chat: Chat) -> None:
        self._settings = settings
        self._chat = chat
        self._last: RoutingDecision | None = None
        self._code = ExitCode.OK

    async def run(self, conversation_id: str | None) -> int:
        async with self._chat:
            if conversation_id is not None:
                head = await self._chat.resume(conversation_id)
                self._tell(f"omniforge: going on with {head.id} ({head.title or 'untitled'})")
            if sys.stdin.isatty():
                self._chat.expect_a_message()
                self._tell(f"omniforge: {_HELP}")
            while (text := await asyncio.to_thread(_read)) is not None:
                if not await self._take(text):
                    break
        if self._chat.lost:
            say(f"omniforge: {self._chat.lost} messages could not be stored and are lost")
        elif self._chat.conversation_id is not None:
            self._tell(f"omniforge: go on later with: omniforge chat --conversation {self._chat.conversation_id}")
        return self._code

    async def _take(self, text: str) -> bool:
        """Answer one line; False ends the chat."""
        word, _, rest = text.strip().partition(" ")
        if word in ("/quit", "/exit"):
            return False
        try:
            if word == "/resume":
                head = await self._chat.resume(rest.strip())
                self._tell(f"omniforge: going on with {head.id} ({head.title or 'untitled'})")
            elif word == "/list":
                for head in await self._chat.recent():
                    output.line(f"{head.id}  {head.updated_at:%Y-%m-%d %H:%M}  {head.title}")
            elif word == "/new":
                self._chat.begin_anew()
                self._tell("omniforge: the next message begins a new conversation")
            elif word == "/why":
                self._why()
            elif word.startswith("/") and word[1:].isalpha():
                self._tell(f"omniforge: there is no command {word}. {_HELP}")
            elif text.strip():
                await self._answer(text)
        except OmniforgeError as exc:
            say(f"omniforge: {exc}")
            self._code = ExitCode.OK if sys.stdin.isatty() else exit_code(exc)
        return True

    async def _answer(self, text: str) -> None:
        is_new = self._chat.conversation_id is None
        turn = await self._chat.send(text)
        self._last = turn.decision
        tell_fallback(turn.decision, self._settings)
        if is_new:
            self._tell(f"omniforge: conversation {turn.conversation_id}")
        if self._settings.format == "json":
            output.json_line({**turn.decision.to_dict(), "reply": turn.reply})
        else:
            await _stream(turn)

    def _why(self) -> None:
        if self._last is None:
            self._tell("omniforge: nothing has been decided yet")
            return
        output.line(redactor()(json.dumps(self._last.to_dict(), ensure_ascii=False, indent=2)))

    def _tell(self, line: str) -> None:
        if self._settings.verbosity >= 0:
            say(line)


async def _stream(turn: Turn) -> None:
    async for piece in turn.stream():
        output.write(piece)
    output.line()


def _read() -> str | None:
    """The next line, or None at the end. A line that is no UTF-8 is read with its bad bytes replaced."""
    if sys.stdin.isatty():
        try:
            return input("> ")
        except EOFError:
            return None
    raw = sys.stdin.buffer.readline()
    return raw.decode("utf-8", "replace").rstrip("\r\n") if raw else None
