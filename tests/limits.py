"""Limits of the machine that a test runs into on purpose."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator


@contextlib.contextmanager
def no_file_longer_than(n_bytes: int) -> Iterator[None]:
    """What a full disk is like: whoever writes past this length is refused."""
    allowed, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (allowed, hard))


@contextlib.contextmanager
def no_more_open_files() -> Iterator[None]:
    """What a sandbox is like: no pipe and no semaphore can be had."""
    allowed, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
