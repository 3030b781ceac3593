#!/usr/bin/python3
"""A subscriber that loses nothing and believes nothing: consumer.py HOST PORT FILE [CHECKPOINT/GATEWAY]

FILE gets a line for each payload that is not there yet, before the broker hears that it was taken;
it is what corridor-verify reads. What is wrong with what came is said on standard output. What stays
missing is asked for, of gateways that take requests.
"""
import hashlib
import json
import os
import sys
import time

ZEROS = "0" * 64
LOOK_S = 10                        # between two looks at what is missing


def new_chain():
    return {
        "copies": {},              # seq: {hash: prev}: all that came, also what contradicts
        "reached": {0: {ZEROS}},   # seq: hashes that hang together with all before them
        "head": 0,                 # up to here nothing is missing
        "given_up": [],            # (first, last, the event that says so: epoch, seq, hash)
        "follows": [],             # ends of the chains whose place this one takes
    }


def take(heads, payload):          # heads: {epoch: chain} of one gateway, {} at first
    event, digest = json.loads(payload), hashlib.sha256(payload).hexdigest()
    chain = heads.setdefault(event["epoch"], new_chain())
    copies = chain["copies"].setdefault(event["seq"], {})
    if digest in copies:
        return "repeated"          # byte for byte: also an alert and its event
    copies[digest] = event["prev"]
    if event["seq"] == 1:
        chain["follows"] += event.get("follows", [])
    if event.get("type") == "journal.evicted":
        give_up(heads, event, digest)
    extend(chain, event["seq"])
    if len(copies) > 1:
        return "differs"           # the next event's prev, or the status, tells which is right
    return "taken" if event["seq"] <= chain["head"] else "gap"


def give_up(heads, event, digest):
    """What the journal has not any more: the chain goes on behind it."""
    told = event["observed"]
    chain = heads.setdefault(told["epoch"], new_chain())
    for gap in told["ranges"]:
        chain["given_up"].append((gap["first"], gap["last"], (event["epoch"], event["seq"], digest)))
        if "hash" in gap:
            chain["reached"].setdefault(gap["last"], set()).add(gap["hash"])
        extend(chain, gap["last"] + 1)


def extend(chain, seq):
    """What came late fills its gap, and what waits behind it follows."""
    copies, reached = chain["copies"], chain["reached"]
    while True:
        linked = {digest for digest, prev in copies.get(seq, {}).items() if prev in reached.get(seq - 1, ())}
        if linked <= reached.get(seq, set()):
            break
        reached.setdefault(seq, set()).update(linked)
        seq += 1
    while True:
        after = chain["head"] + 1
        behind = [last + 1 for first, last, _ in chain["given_up"] if first <= after <= last and is_there(chain, last + 1)]
        if not is_there(chain, after) and not behind:
            return
        chain["head"] = after if is_there(chain, after) else behind[0]


def is_there(chain, seq):
    return not chain["reached"].get(seq, set()).isdisjoint(chain["copies"].get(seq, ()))


def walk(chain, end=None):
    """From the end back, by what each names as the one before it: ({seq: hash} of what is right,
    [(first, last)] of what is not there). end: (seq, hash) of the status; else what hangs together."""
    copies, good, holes = chain["copies"], {}, []
    seq, wanted = end or (chain["head"], None)
    for there in sorted((s for s in copies if s <= seq), reverse=True) + [0]:
        if there < seq:            # a hole: what is below it, nobody names
            holes.append((there + 1, seq))
            wanted = None
        if wanted is None and there > 0:
            wanted = max(copies[there], key=lambda digest: (digest in chain["reached"].get(there, ()), digest))
        if there > 0 and wanted in copies[there]:
            good[there] = wanted
            wanted = copies[there][wanted]
        elif there > 0:            # what came is not what is named
            holes.append((there, there))
            wanted = None
        seq = there - 1
    return good, holes


def right(chain, end=None):
    return walk(chain, end)[0]


def without(first, last, gaps):
    """What of first to last lies in none of the gaps."""
    for low, high in sorted(gaps):
        if low <= last and high >= first:
            if first < low:
                yield first, low - 1
            first = max(first, high + 1)
    if first <= last:
        yield first, last


def missing(heads, ends):
    """(epoch, first, last) of all that is not there up to what the status names, to be asked for
    anew. A number that only an event claims, be it a billion, is no reason. ends: {epoch: (seq, hash)}"""
    ranges = []
    for epoch, end in ends.items():
        chain = heads.get(epoch, new_chain())
        given_up = [(low, high) for low, high, _ in chain["given_up"]]
        for first, last in reversed(walk(chain, end)[1]):
            ranges += [(epoch, low, high) for low, high in without(first, last, given_up)]
    return ranges


def findings(heads, ends):
    """What is wrong, in words. ends as above."""
    said = [f"{epoch}: {first} to {last} are missing" for epoch, first, last in missing(heads, ends)]
    good = {epoch: right(chain, ends.get(epoch)) for epoch, chain in heads.items()}
    for epoch, chain in heads.items():
        for seq, copies in sorted(chain["copies"].items()):
            if len(copies) > 1:
                said.append(f"{epoch}: {seq} came in {len(copies)} versions, the right one is {good[epoch].get(seq)}")
            elif seq in ends.get(epoch, ()) and seq not in good[epoch]:
                said.append(f"{epoch}: {seq} is not what the status names")
            elif seq not in good[epoch]:
                said.append(f"{epoch}: {seq} is not what the one behind it names, or hangs together with nothing")
        if good[epoch].get(1, ZEROS) in chain["copies"].get(1, ()) and chain["copies"][1][good[epoch][1]] != ZEROS:
            said.append(f"{epoch}: 1 has a past")
        for first, last, (by, by_seq, by_hash) in chain["given_up"]:
            if good.get(by, {}).get(by_seq) != by_hash:
                said.append(f"{epoch}: {first} to {last} are given up by an event that is not right")
        for end in chain["follows"]:
            if end["epoch"] not in heads:
                said.append(f"{epoch}: follows {end['epoch']}, of which nothing came")
            elif good[end["epoch"]].get(end["seq"], end["hash"]) != end["hash"]:
                said.append(f"{epoch}: follows another end of {end['epoch']} than came")
    first = [epoch for epoch, chain in heads.items() if not chain["follows"] and 1 in chain["copies"]]
    return said + [f"{epoch}: an epoch that follows none" for epoch in first[1:]]


class Store:
    def __init__(self, path):
        self.heads, self.ends, self.latest = {}, {}, {}
        self.gone, self.asked = {}, {}     # of a gateway: what it has no more; what it was asked for
        self.file = open(path, "ab+")
        self.file.seek(0)
        for line in self.file:
            if b'"checkpoint"' in line:
                self.keep(line.rstrip(b"\n"))

    def keep(self, payload):
        """What take() says of an event; None of what is none. Believes the payload as it is."""
        said = json.loads(payload)
        gateway = said["checkpoint"], said["gateway"]
        if said["schema"].startswith("corridord.event/"):
            if not (isinstance(said["epoch"], str) and type(said["seq"]) is int and 0 < said["seq"] < 2**40):
                raise ValueError(f"no event has the number {said['epoch']} {said['seq']}")
            return take(self.heads.setdefault(gateway, {}), payload)
        if said["schema"].startswith("corridord.status/") and said.get("hash"):
            self.ends.setdefault(gateway, {})[said["epoch"]] = said["seq"], said["hash"]

    def hear(self, root, topic, payload, retained):
        """A message below root: stored before this returns. Says what is wrong with it, or None."""
        level = topic[len(root) + 1:].split("/")
        if len(level) < 3 or level[2] not in ("event", "alert", "status", "head", "replay") or not payload:
            return None
        try:
            if b"\n" in payload:
                raise ValueError("more than a line")
            said = json.loads(payload)
            if level[2] in ("event", "alert", "replay"):
                kind = level[5:] if level[2] == "replay" else level[3:]
                if retained:
                    return f"{topic}: an event is never retained"
                if level[:2] + kind != [said["checkpoint"], said["gateway"], *said["type"].split(".")]:
                    return f"{topic}: the payload is of {said['checkpoint']}/{said['gateway']} {said['type']}"
            elif "checkpoint" in said and level[:2] != [said["checkpoint"], said["gateway"]]:
                return f"{topic}: the payload is of {said['checkpoint']}/{said['gateway']}"
            word = self.keep(payload) if "checkpoint" in said else None
        except (ValueError, KeyError, TypeError, AttributeError) as why:
            return f"{topic}: not to be read: {why!r}"
        if word != "repeated" and (word or self.latest.get(topic) != payload):
            if not word:
                self.latest[topic] = payload
            self.file.write(payload + b"\n")
            self.file.flush()
            os.fsync(self.file.fileno())
        return f"{topic}: {word}" if word in ("differs", "gap") else None


    def lacking(self, gateway):
        """What to ask the gateway for: (epoch, first, last), also of epochs that another one follows."""
        heads, ends = self.heads.get(gateway, {}), dict(self.ends.get(gateway, {}))
        for chain in heads.values():
            for end in chain["follows"]:
                ends.setdefault(end["epoch"], (end["seq"], end["hash"]))
        gone = self.gone.get(gateway, [])
        return [
            (epoch, low, high)
            for epoch, first, last in missing(heads, ends)
            for low, high in without(first, last, [pair for of, *pair in gone if of == epoch])
        ]

    def request(self, gateway, asker):
        """What is missing as it was at the look before, to be asked for anew; None: nothing is."""
        lacking = self.lacking(gateway)
        stays, self.asked[gateway] = lacking and lacking == self.asked.get(gateway), lacking
        if not stays:
            return None
        ranges = [{"epoch": epoch, "first": first, "last": last} for epoch, first, last in lacking[:16]]
        return {"id": os.urandom(8).hex(), "asker": asker, "ranges": ranges}

    def answered(self, gateway, payload):
        """What the gateway has no more is not asked for again."""
        answer = json.loads(payload)
        for why in ("evicted", "expired", "unknown"):
            for gap in answer.get(why, ()):
                self.gone.setdefault(gateway, []).append((gap["epoch"], gap["first"], gap["last"]))
                print(f"{'/'.join(gateway)}: {gap['epoch']}: {gap['first']} to {gap['last']}: {why}", flush=True)


def listen(host, port, path, gateways="+/+", root="corridor/v1"):
    import paho.mqtt.client as mqtt

    store = Store(path)
    version = getattr(mqtt, "CallbackAPIVersion", None)
    # A name of its own, and a session that stays: the broker keeps what comes while this is away.
    name = "consumer-" + hashlib.sha256(os.path.abspath(path).encode()).hexdigest()[:12]
    client = mqtt.Client(*([version.VERSION1] if version else []), client_id=name, clean_session=False)

    def connected(client, _, flags, code):
        if code == 0 and not flags.get("session present"):
            print("the broker kept nothing for this subscriber: what was sent meanwhile is missing", flush=True)
        what = ("event/#", "alert/#", "status", "head", f"replay/{name}/event/#", "response/replay")
        client.subscribe([(f"{root}/{gateways}/{branch}", 1) for branch in what])

    def ask():
        for gateway in list(store.ends):
            request = store.request(gateway, name)
            if request:
                client.publish(f"{root}/{'/'.join(gateway)}/request/replay", json.dumps(request), 1)

    def heard(_, __, message):     # paho acknowledges when this returns
        level = message.topic[len(root) + 1:].split("/")
        if level[2:] == ["response", "replay"]:
            store.answered((level[0], level[1]), message.payload)
            return
        wrong = store.hear(root, message.topic, bytes(message.payload), message.retain)
        if wrong:
            print(wrong, flush=True)

    client.on_connect, client.on_message = connected, heard
    client.connect(host, int(port))
    look_s = 0
    while True:
        if client.loop(1) != mqtt.MQTT_ERR_SUCCESS:
            time.sleep(1)
            try:
                client.reconnect()
            except OSError:
                continue
        if time.monotonic() > look_s:
            look_s = time.monotonic() + LOOK_S
            ask()


if __name__ == "__main__":
    listen(*sys.argv[1:])
