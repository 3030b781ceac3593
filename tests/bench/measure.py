"""What the sections share: the table, the programs beside, what a process uses."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "system")]

from rig.daemon import BUILD  # noqa: E402

PROGRAMS = BUILD / "tests" / "bench"
UNITS, REGISTERS = 32, 8
# 257 changes a second; no multiple of the poll, so that in the 20 s that are measured each
# change falls everywhere between two polls.
CHANGE_MS = 995
SHUFFLE = 97  # as in modbus_server.c


class Table:
    def __init__(self):
        self.rows = []

    def row(self, what, ours, other="", ratio="", aim=""):
        self.rows.append((what, ours, other, ratio, aim))

    def show(self):
        rows = [("", "corridord", "beside it", "ratio", "aim"), *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        for n, row in enumerate(rows):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
            if n == 0:
                print("  ".join("-" * width for width in widths))


def say(text):
    print(text, flush=True)


def run_program(name, *arguments):
    """Runs a bench that prints for people; shows that, and gives it."""
    command = [PROGRAMS / name, *map(str, arguments)]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in printed.splitlines():
        if not line.startswith("{"):
            say("   " + line.strip())
    return printed


# ---- programs beside ---------------------------------------------------------------------


class ModbusServer:
    """Its registers are a function of monotonic time: a value says when it became so."""

    def __init__(self, units=UNITS, registers=REGISTERS, change_ms=CHANGE_MS, bursts=False):
        self.units, self.registers, self.change_ns = units, registers, change_ms * 1_000_000
        self.bursts = bursts
        numbers = [str(units), str(registers), str(change_ms)]
        self.process = subprocess.Popen(
            [PROGRAMS / "modbus_server", *numbers, "bursts" if bursts else "spread"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port, self.start_ns = map(int, self.process.stdout.readline().split())

    def changed_ns(self, unit, register, value):
        count = self.units * self.registers
        place = (unit - 1) * self.registers + (0 if self.bursts else register)
        if not self.bursts:
            place = place * SHUFFLE % count
        return self.start_ns + self.change_ns // count * place + value * self.change_ns

    def stop(self):
        self.process.communicate(timeout=10)


class Listener:
    """The subscriber in C; its lines are read at the end."""

    def __init__(self, port, topic, folder):
        self.out = folder / "heard"
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                [PROGRAMS / "subscriber", str(port), topic], stdin=subprocess.PIPE, stdout=out
            )
        while not self.out.read_text().startswith("ready"):
            time.sleep(0.01)

    def heard(self):
        """[(arrived_ns, payload), ...]"""
        self.process.communicate(timeout=10)
        found = []
        for line in self.out.read_text().splitlines()[1:]:
            at_ns, _topic, payload = line.split(" ", 2)
            found.append((int(at_ns), payload))
        return found


class Process:
    """What a running process and its children use."""

    def __init__(self, pid):
        self.pid = pid

    def _all(self, pid=None):
        pid = pid or self.pid
        children = ""
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += (task / "children").read_text()
        return [pid, *(found for child in children.split() for found in self._all(int(child)))]

    def cpu_s(self):
        ticks = 0
        for pid in self._all():
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def _sum(self, file, name):
        return sum(
            int(line.split()[1])
            for pid in self._all()
            for line in Path(f"/proc/{pid}/{file}").read_text().splitlines()
            if line.startswith(name)
        )

    def pss_mib(self):
        return self._sum("smaps_rollup", "Pss:") / 1024

    def written_bytes(self):
        return self._sum("io", "write_bytes:")

    def syncs(self, seconds):
        """fsync and fdatasync a second, by strace; None: there is no strace."""
        if not shutil.which("strace"):
            return None
        trace = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-p", str(self.pid)]
        traced = subprocess.run(["timeout", "-s", "INT", str(seconds), *trace],
                                stderr=subprocess.PIPE, text=True)
        # % time, seconds, usecs/call, calls, errors or none, syscall
        found = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?f(?:data)?sync$", traced.stderr, re.M)
        return sum(map(int, found)) / seconds


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def ms(ns):
    return f"{ns / 1e6:.2f} ms" if ns < 10_000_000 else f"{ns / 1e6:.1f} ms"
