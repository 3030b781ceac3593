"""Processes, as /proc shows them."""

from pathlib import Path

UPLINK = "corridord-uplink"


def children(pid):
    """The ids of its children."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except OSError:
            pass
    return found


def name(pid):
    """As it was called; None: it is gone."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    return Path(words[0].decode(errors="replace").rstrip(":")).name or None


def status_kib(pid, key):
    """A value of /proc/PID/status: "VmRSS", "VmHWM"; 0: it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(key + ":")), 0)


def uplink_pid(daemon):
    """The daemon's child that speaks to the network; None: there is none, just now."""
    return next((pid for pid in children(daemon.pid) if name(pid) == UPLINK), None)
