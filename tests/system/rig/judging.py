"""What corridor-verify says of lines, and the verifier written from doc/verification.md: they have to agree."""

import json
import subprocess

from . import verification
from .daemon import BUILD

VERIFY = BUILD / "corridor-verify"
BRANCHES = ("event", "alert", "status", "head", "witness")


def heard(subscriber):
    """The lines of all that a subscriber got, as doc/verification.md has them written down."""
    return [m.payload for m in list(subscriber.messages) if m.payload and m.topic.split("/")[4] in BRANCHES]


def judge(path, lines, keys=(), witnesses=0):
    """{(checkpoint, gateway, epoch): what corridor-verify says}, and its exit code."""
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    options = [word for key in keys for word in ("--key", key)]
    options += ["--witnesses", str(witnesses)]
    run = subprocess.run([VERIFY, "--json", *options, path], capture_output=True, text=True)
    said = {(one["checkpoint"], one["gateway"], one["epoch"]): one for one in map(json.loads, run.stdout.splitlines())}
    other, code = verification.verify(lines, keys, witnesses)
    assert (run.returncode, sorted(said)) == (code, sorted(other)), (run.stdout, run.stderr, other)
    for log, one in said.items():
        theirs = other[log]
        for what in ("missing", "evicted", "altered", "ahead", "warnings", "clock_back", "clock_ahead"):
            ours = [n for span in one[what] for n in range(span["first"], min(span["last"], span["first"] + 10**5) + 1)]
            assert len(one[what]) == 32 or ours == theirs[what], (what, one, theirs)
        assert sorted(one["seq"] for one in one["held_back"]) == theirs["held_back"], (one, theirs)
        for what in ("verdict", "signed", "witnessed"):
            assert one[what] == theirs[what], (one, theirs)
    return said, run.returncode
