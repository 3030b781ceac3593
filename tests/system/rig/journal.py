"""The journal of a daemon that is not running, read from a copy."""

import shutil
import sqlite3
import tempfile
from pathlib import Path
from types import SimpleNamespace

from . import contract

SHELVES = ("telemetry", "health", "evidence")


class Journal:
    def __init__(self, path):
        self.path = Path(path)

    def query(self, sql):
        """Runs sql on a copy, so that looking changes nothing."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "journal.db"
            for ending in ("", "-wal"):
                if Path(f"{self.path}{ending}").exists():
                    shutil.copyfile(f"{self.path}{ending}", f"{copy}{ending}")
            database = sqlite3.connect(copy)
            try:
                return database.execute(sql).fetchall()
            finally:
                database.close()

    def events(self):
        """Every event it holds, in order."""
        shelves = " UNION ALL ".join(f"SELECT position, payload FROM {s}" for s in SHELVES)
        rows = self.query(f"SELECT payload FROM ({shelves}) ORDER BY position")
        return [contract.Event(SimpleNamespace(payload=bytes(row[0]))) for row in rows]

    def payloads(self):
        """{(epoch, seq): payload}"""
        return {event.key: event.message.payload for event in self.events()}
