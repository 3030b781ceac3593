"""The journal of a daemon that is not running, read from a copy."""

import shutil
import sqlite3
import tempfile
from pathlib import Path


class Journal:
    def __init__(self, path):
        self.path = Path(path)

    def files(self):
        return [self.path, Path(f"{self.path}-wal")]

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
