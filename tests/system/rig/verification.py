"""The verifier of doc/verification.md, written from that page: says of lines what corridor-verify
says of them. Simple, not fast."""

import hashlib
import json
from datetime import datetime

from . import notes

ZEROS = "0" * 64
WARNINGS = {
    "leg.unsigned", "leg.unannounced", "registry.refused", "journal.forked", "journal.unproven", "journal.rolled-back",
    "journal.foreign", "journal.lost",
}


class Log:
    def __init__(self, checkpoint, gateway, epoch):
        self.checkpoint, self.gateway, self.epoch = checkpoint, gateway, epoch
        self.versions = {}  # seq: {hash: payload}, in the order they came
        self.status = (0, None)
        self.ends = set()  # (seq, hash) of each status
        self.moments = []  # (boot, monotonic time, seq) of each status
        self.ahead = []
        self.heads = {}  # size: {root}
        self.forged_heads = 0
        self.right, self.missing, self.altered, self.evicted = {}, [], [], []
        self.wrong = False
        self.signed = 0
        self.witnesses = {}  # size: {key}
        self.witnessed_at = {}  # size: the last of them
        self.clock_back, self.clock_ahead = [], []
        self.witnessed = 0
        self.held_back = []


def read(lines, keys):
    logs = {}

    def log(checkpoint, gateway, epoch):
        return logs.setdefault((checkpoint, gateway, epoch), Log(checkpoint, gateway, epoch))

    garbled = 0
    for line in lines:
        line = line[max(line.find(b"{"), 0):]
        try:
            said = json.loads(line)
            kind = said["schema"].split("/")[0]
            if kind == "corridord.event":
                one = log(said["checkpoint"], said["gateway"], said["epoch"])
                one.versions.setdefault(said["seq"], {}).setdefault(hashlib.sha256(line).hexdigest(), said)
            elif kind == "corridord.status" and said.get("hash"):
                one = log(said["checkpoint"], said["gateway"], said["epoch"])
                one.ends.add((said["seq"], said["hash"]))
                one.moments.append((said["boot"], said.get("mono_ns"), said["seq"]))
                one.status = max(one.status, (said["seq"], said["hash"]), key=lambda status: status[0])
            elif kind == "corridord.head" and "note" in said:
                take_note(log, said["note"], keys)
                if "witnessed" in said:
                    take_note(log, said["witnessed"], keys)
            elif kind == "corridord.witness":
                take_note(log, said["note"], keys)
        except (ValueError, KeyError, TypeError):
            garbled += 1
    return logs, garbled


def take_note(log, note, keys):
    origin, size, root = notes.head_of(note)
    one = log(*origin.split("/")[1:])
    by = [key for key in keys if key.of_log and key.claims(note)]
    if any(not key.signed(note) for key in by):
        one.forged_heads += 1
    elif by and origin.startswith(by[0].name + "/"):
        one.heads.setdefault(size, set()).add(root)
        take_cosignatures(one, note, size, keys)


def take_cosignatures(log, note, size, keys):
    for key in keys:
        if key.type == 4 and key.claims(note):
            when = key.cosigned(note)
            if when is None:
                log.forged_heads += 1
            else:
                log.witnessed_at[size] = max(when, log.witnessed_at.get(size, 0))
                log.witnesses.setdefault(size, set()).add(key.name)


def last_of(log):
    last = max([log.status[0], *log.heads])
    if last == 0:
        return max(log.versions, default=0)
    while last + 1 in log.versions:
        last += 1
    return last


def is_refuted(log, seq, event):
    """It does not say when it was written, or a status of a minute later names a smaller number."""
    if "boot" not in event or "recorded" not in event:
        return True
    late = event["recorded"]["mono_ns"] + 60 * 10**9
    return any(boot == event["boot"] and at and at > late and size < seq for boot, at, size in log.moments)


def walk(log):
    log.last = last_of(log)
    for seq in sorted(log.versions):
        if seq > log.last:
            refuted = any(is_refuted(log, seq, event) for event in log.versions[seq].values())
            (log.altered if refuted else log.ahead).append(seq)
    wanted = None
    for seq in range(log.last, 0, -1):
        if seq == log.status[0]:
            log.wrong |= wanted not in (None, log.status[1])
            wanted = wanted or log.status[1]
        versions = log.versions.get(seq, {})
        log.wrong |= len(versions) > 1
        if not versions:
            log.missing.append(seq)
            wanted = None
        elif wanted is not None and wanted not in versions:
            log.altered.append(seq)
            wanted = None
        else:
            log.right[seq] = wanted or next(iter(versions))
            wanted = versions[log.right[seq]]["prev"]
    log.wrong |= wanted not in (None, ZEROS)


def hold_against_statuses(log):
    for seq, digest in log.ends:
        log.wrong |= log.right.get(seq, digest) != digest


def take_tombstones(logs):
    for by in logs.values():
        for seq, versions in by.versions.items():
            for digest, event in versions.items():
                if event["type"] != "journal.evicted":
                    continue
                told = event["observed"]
                of = logs.get((by.checkpoint, by.gateway, told["epoch"]))
                if of and by.right.get(seq) != digest:
                    of.wrong = True
                elif of:
                    for gap in told["ranges"]:
                        gone = [n for n in of.missing if gap["first"] <= n <= gap["last"]]
                        of.evicted += gone
                        of.missing = [n for n in of.missing if n not in gone]


def hold_against_heads(log):
    tree = []
    while len(tree) + 1 in log.right:
        digest = bytes.fromhex(log.right[len(tree) + 1])
        tree.append(hashlib.sha256(b"\x00" + digest).digest())
    for size, roots in log.heads.items():
        log.wrong |= len(roots) > 1
        if size <= len(tree):
            good = notes.root_of(tree[:size]) in roots
            log.wrong |= not good
            if good:
                log.signed = max(log.signed, size)
            else:
                log.witnesses.pop(size, None)
        else:
            log.witnesses.pop(size, None)


def count_witnesses(log, wanted):
    seen = set()
    for size in sorted(log.witnesses, reverse=True):
        seen |= log.witnesses[size]
        if not log.witnessed and len(seen) >= max(wanted, 1):
            log.witnessed = size


def gave_up(logs, checkpoint, gateway, end):
    """A right tombstone of that gateway names it."""
    for log in logs.values():
        for seq, digest in log.right.items():
            event = log.versions[seq][digest]
            if (log.checkpoint, log.gateway, event["type"]) != (checkpoint, gateway, "journal.evicted"):
                continue
            told = event["observed"]
            if told["epoch"] == end["epoch"] and any(gap["first"] <= end["seq"] <= gap["last"] for gap in told["ranges"]):
                return True
    return False


def check_follows(logs):
    without = set()
    for log in logs.values():
        if 1 not in log.right:
            continue
        follows = log.versions[1][log.right[1]].get("follows", [])
        for end in follows:
            before = logs.get((log.checkpoint, log.gateway, end["epoch"]))
            if before is None:
                log.wrong |= not gave_up(logs, log.checkpoint, log.gateway, end)
                continue
            log.wrong |= before.right.get(end["seq"], end["hash"]) != end["hash"]
        if not follows:
            log.wrong |= (log.checkpoint, log.gateway) in without
            without.add((log.checkpoint, log.gateway))


def recorded(log, seq):
    """Seconds since 1970, by the gateway's clock; None: it does not say, or was never set."""
    moment = log.versions[seq][log.right[seq]].get("recorded", {}) if seq in log.right else {}
    known = moment.get("clock", "unsynced") != "unsynced"
    return datetime.fromisoformat(moment["utc"].replace("Z", "+00:00")).timestamp() if known else None


def check_clocks(logs):
    for log in logs.values():
        first = log.versions[min(log.right)][log.right[min(log.right)]] if log.right else {}
        ends = [(logs.get((log.checkpoint, log.gateway, end["epoch"])), end["seq"]) for end in first.get("follows", [])]
        before = max([recorded(of, seq) or 0 for of, seq in ends if of], default=0)
        for seq in sorted(log.right):
            at = recorded(log, seq)
            if at is None:
                continue
            if at < before - 1:
                log.clock_back.append(seq)
            before = at
            size = min((size for size in log.witnesses if size >= seq), default=None)
            if size and at > log.witnessed_at[size] + 60:
                log.clock_ahead.append(seq)


def check_handovers(logs):
    """What one log has as announced, and another one as not heard."""
    legs = {"leg.departed": [], "leg.arrived": [], "leg.unannounced": []}
    for log in logs.values():
        for seq, digest in log.right.items():
            event = log.versions[seq][digest]
            if event["type"] in legs:
                leg = event["leg"]
                way = (leg["from"], leg["to"], event["consignment"]["ucr"], leg.get("part"))
                legs[event["type"]].append((way, leg, log, seq))
    arrived = {(way, leg["departed"]) for way, leg, _, _ in legs["leg.arrived"]}
    for way, missed, log, seq in legs["leg.unannounced"]:
        left = [
            leg["departed"] for other, leg, _, _ in legs["leg.departed"]
            if other == way and leg["departed"] <= missed["arrived"] and (way, leg["departed"]) not in arrived
        ]
        if left:
            log.held_back.append(seq)


def verify(lines, keys=(), witnesses=0):
    """{(checkpoint, gateway, epoch): verdict, ...}, and the worst of all as the exit code."""
    keys = [notes.Verifier(key) for key in keys]
    logs, garbled = read(lines, keys)
    for log in logs.values():
        walk(log)
        hold_against_statuses(log)
    take_tombstones(logs)
    worst, said = 2 if garbled else 0 if logs else 1, {}
    for log in logs.values():
        hold_against_heads(log)
        count_witnesses(log, witnesses)
    check_follows(logs)
    check_clocks(logs)
    check_handovers(logs)
    for key, log in logs.items():
        code = 0
        if log.missing or log.ahead or not log.right or (keys and not log.signed) or (witnesses and not log.witnessed):
            code = 1
        if log.altered or log.wrong or log.forged_heads:
            code = 2
        said[key] = {
            "verdict": ("good", "incomplete", "altered")[code], "missing": sorted(log.missing), "altered": sorted(log.altered),
            "evicted": sorted(log.evicted), "signed": log.signed, "witnessed": log.witnessed,
            "warnings": sorted(seq for seq, digest in log.right.items() if log.versions[seq][digest]["type"] in WARNINGS),
            "ahead": log.ahead, "clock_back": log.clock_back, "clock_ahead": log.clock_ahead, "held_back": sorted(log.held_back),
        }
        worst = max(worst, code)
    return said, worst


def verify_single(payload, proof, keys=(), witnesses=0):
    """Of one event and its proof: 0 good, 1 nobody known has signed it, 2 it is not what was signed."""
    event = json.loads(payload)
    index, path, note = notes.proof_of(proof)
    origin, size, root = notes.head_of(note)
    name = f"corridor/{event['checkpoint']}/{event['gateway']}"
    if (origin, index + 1) != (f"{name}/{event['epoch']}", event["seq"]):
        return 2
    if notes.root_by(notes.leaf(payload), index, size, path) != root:
        return 2
    claimed = [key for key in map(notes.Verifier, keys) if key.claims(note)]
    if any(not (key.signed(note) if key.of_log else key.cosigned(note)) for key in claimed):
        return 2
    if sum(key.type == 4 for key in claimed) < witnesses:
        return 1
    return 0 if any(key.of_log and key.name == name for key in claimed) else 1
