"""Waiting for something to become true, never for time to pass."""

import os
import random
import socket
import time

PATIENCE_S = 120  # far more than anything takes, with thirty busy processes beside it too

# Tests that run side by side take ports of their own: the worker's number, and of how many.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def until(question, what, within_s=PATIENCE_S, every_s=0.02):
    """Asks until the answer is true and returns it; fails by name after within_s."""
    deadline = time.monotonic() + within_s
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what() if callable(what) else what}")
        time.sleep(every_s)


def free_port():
    """A loopback port below the ephemeral range: while its server is down nobody else
    gets it, and a client that retries it cannot end up connected to itself."""
    while True:
        port = random.randrange(20000 + WORKER, 32000, WORKERS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
