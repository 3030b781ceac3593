"""Makes the dictionary of `compress = "zstd"`: train.py EVENTS.md TRACES OUT

From the events of the traces, as several gateways would tell them: what is another at each gateway
or in each event is drawn anew, so that the dictionary holds the words and not the numbers.
Whoever changes it gives it another id and keeps the old file: what lies in a broker is read by it.
"""

import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ID = 40001  # of those that nobody else gives out: 32768 to 2^31 - 1
DICTIONARY_BYTES = 24 * 1024
GATEWAYS = [
    ("ge-red-bridge", "gw1"),
    ("az-sinig-korpu", "gw2"),
    ("am-bagratashen", "north"),
    ("checkpoint-7", "corridord-a"),
    ("md-leuseni", "gw-1"),
]
ROW = re.compile(r"^\| `([a-z-]+\.[a-z-]+)` \| (\w*) \| (\w*) \|", re.M)
NUMBER = re.compile(r"\d{5,}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def digits(chance, count):
    return "".join(chance.choice("0123456789") for _ in range(count))


def hexadecimal(chance, count):
    return "".join(chance.choice("0123456789abcdef") for _ in range(count))


def moment(chance):
    day = f"20{chance.randint(26, 35)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    hour = f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}"
    return f"{day}T{hour}.{digits(chance, 6)}Z"


class Gateway:
    def __init__(self, chance, checkpoint, gateway):
        self.chance, self.checkpoint, self.gateway = chance, checkpoint, gateway
        parts = "-".join(hexadecimal(chance, n) for n in (8, 4, 4, 4, 12))
        self.epoch, self.boot = hexadecimal(chance, 16), parts

    def event(self, body, types):
        """The sealed event of a body: as event_seal() writes it."""
        chance = self.chance
        severity, latched = types[json.loads(body)["type"]]
        kind, rest = self.anew(body)[1:].split(",", 1)
        when = MOMENT.search(rest)[0][:20] + digits(chance, 6)
        mono = re.search(r'"mono_ns":(\d+)', rest)[1]
        head = (
            f'{{"schema":"corridord.event/1","checkpoint":"{self.checkpoint}",'
            f'"gateway":"{self.gateway}","epoch":"{self.epoch}","seq":{chance.randint(1, 10**7)},'
            f'"prev":"{hexadecimal(chance, 64)}",{kind},"severity":"{severity}",'
            f'"latched":{latched},"boot":"{self.boot}","recorded":{{"utc":"{when}Z",'
            f'"clock":"synced","mono_ns":{mono[:-9]}{digits(chance, 9)}}},'
        )
        return head + rest

    def anew(self, text):
        """With other numbers and times, the same for the same."""
        drawn = {}

        def other(match, draw):
            return drawn.setdefault(match[0], draw())

        stem = moment(self.chance)
        text = MOMENT.sub(lambda m: other(m, lambda: stem[:17] + moment(self.chance)[17:]), text)
        parts = re.split(r'("[^"]*T\d\d:[^"]*Z")', text)
        for i in range(0, len(parts), 2):
            parts[i] = NUMBER.sub(
                lambda m: other(m, lambda: digits(self.chance, len(m[0]))), parts[i]
            )
        return "".join(parts)


def main(vocabulary, traces, out):
    chance = random.Random(ID)
    rows = ROW.findall(Path(vocabulary).read_text())
    types = {name: (severity, "true" if latched else "false") for name, severity, latched in rows}
    gateways = [Gateway(chance, *names) for names in GATEWAYS]
    with tempfile.TemporaryDirectory() as folder:
        count = 0
        for trace in sorted(Path(traces).glob("*.events")):
            for body in trace.read_text().splitlines():
                if not body.startswith('{"type"'):
                    continue
                for gateway in chance.sample(gateways, 2):
                    text = gateway.event(body, types)
                    Path(folder, f"{count:06}").write_text(text)
                    count += 1
        subprocess.run(
            ["zstd", "-q", "--train-cover=d=8,steps=8", "-r", folder, "-o", out, "-f"]
            + [f"--maxdict={DICTIONARY_BYTES}", f"--dictID={ID}", "-19"],
            check=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
