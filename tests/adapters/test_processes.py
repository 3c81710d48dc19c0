from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

from omniforge_cli.adapters.processes import ProcessIdentity, command_line


def test_this_process_is_not_gone() -> None:
    assert not ProcessIdentity.current().is_gone


def test_a_later_process_with_the_same_number_is_another_one() -> None:
    me = ProcessIdentity.current()
    assert me.started is not None
    assert replace(me, started=me.started - 1).is_gone


def test_of_another_hosts_process_nothing_is_certain() -> None:
    assert not replace(ProcessIdentity.current(), host="elsewhere", started=1).is_gone


def test_a_process_that_ended_is_gone_even_before_its_parent_noticed() -> None:
    command = [sys.executable, "-c", "print('here', flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()  # before that the number may still be a copy of this process
        running = replace(ProcessIdentity.current(), pid=child.pid, started=None)
        assert command_line(child.pid) is not None
        assert not running.is_gone
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
        assert replace(running, started=1).is_gone
    assert running.is_gone
    assert command_line(child.pid) is None
