"""Gateways of three states, each with a lane, a key for its log and one to be a witness with."""

import subprocess

from sim.modbus_device import TcpServer, Unit

from rig import conf
from rig.daemon import BUILD

SIGNER = BUILD / "corridord-signer"
PLACES = {"ge": "ge-red-bridge", "az": "az-sixi-korpu", "tr": "tr-sarp"}


class Gateway:
    def __init__(self, country, closing, tmp_path):
        self.country, self.place = country, PLACES[country]
        self.name = f"corridor/{self.place}/gw1"
        self.device = closing(TcpServer({2: Unit(holding={0: 1})}).start())
        self.keys = tmp_path / f"keys-{country}"
        self.keys.mkdir()
        self.log = self.make("--new-key", "key.pem")
        self.witness = self.make("--new-witness-key", "witness.pem")
        self.daemon = None

    def make(self, what, file):
        words = [SIGNER, what, self.keys / file, self.name]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

    def site(self, broker, others, every="1s"):
        """others: who are its witnesses, and it theirs; none: it has no such block."""
        head = conf.head(broker.port).replace("ge-red-bridge", self.place).replace('"GE"', f'"{self.country.upper()}"')
        head = head.replace("GE000600", f"{self.country.upper()}000600")
        status = conf.register("status", 0, map=["0=missing", "1=intact", "2=opened", "3=tampered"])
        witness = {
            "of": [o.log for o in others], "by": [o.witness for o in others], "every": every,
            "key": str(self.keys / "witness.pem"), "cosigned": "cosigned",
        }
        return (
            head + conf.bus("b", self.device.port)
            + conf.device("reader", "b", 2, status, address_base=0, poll="40ms")
            + 'lane "entry-1" { direction = "entry"  seal "reader" { status = "reader.status" } }\n'
            + f'signer {{ key = "{self.keys}/key.pem"  ledger = "ledger" }}\n'
            + (f"witness {{ {conf.options(witness)} }}\n" if others else "")
        )

    def tamper(self, word):
        """The seal at its reader: 3 tampered, 1 whole."""
        self.device.units[2].set(0, word)
