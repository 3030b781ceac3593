"""An arm64 machine: QEMU's "virt" board with Debian's kernel as it is. Its PL061 is a GPIO chip
of eight lines that the host drives through QEMU's qtest."""

import json
import shutil
import socket

from rig.waiting import until

from .debian import Suite, Unavailable, made_once, run
from .guest import MODULES, Guest
from .initramfs import Initramfs
from .kernel import Kernel

QEMU = "qemu-system-aarch64"
CHIP = "9030000.pl061"  # its label


class ArmKernel(Kernel):
    """Debian's kernel for arm64: its GPIO chip needs no module of ours."""

    def __init__(self, folder):
        super().__init__(folder)
        self.vmlinux = self.folder / "image/boot" / f"vmlinuz-{self.version}"
        self.busybox = self.folder / "image/bin/busybox"


def fetch(cache, suite="bookworm"):
    folder = cache / f"kernel-{suite}-arm64"
    with made_once(folder) as empty:
        if empty:
            packages = Suite(suite, cache, architecture="arm64")
            image = packages.depends("linux-image-arm64")
            packages.unpack([image, "busybox-static"], folder / "image")
            for name in ("bin", "lib"):  # as Debian 13's packages have it no more
                if not (folder / "image" / name).exists():
                    (folder / "image" / name).symlink_to(f"usr/{name}")
            version = image.removeprefix("linux-image-")
            run("depmod", "-b", folder / "image", version)
            (folder / "version").write_text(version)
    return ArmKernel(folder)


def initramfs(kernel, path, target=None, programs=(), modules=MODULES, start=""):
    """With these programs of the target in /bin; start: what its first process does at the end."""
    image = Initramfs()
    image.modules(kernel, modules)
    image.file("/bin/busybox", kernel.busybox, mode=0o755)
    image.file("/etc/rig.start", start.encode())
    for program in programs:
        image.file(f"/bin/{program.name}", program, mode=0o755)
        for where, library in target.libraries(program).items():
            image.file(where, library.resolve(), mode=0o755)
    return image.write(path)


class Board(Guest):
    """A Guest, and set_line()."""

    def arguments(self, rig_fd):
        if not shutil.which(QEMU):
            raise Unavailable(f"{QEMU} is not installed")
        arguments = [QEMU, *super().arguments(rig_fd)[1:]]
        arguments[arguments.index("q35")] = "virt"
        words = arguments.index("-append") + 1
        arguments[words] = arguments[words].replace("ttyS0", "ttyAMA0")
        arguments += ["-cpu", "cortex-a53"]
        arguments += ["-qtest", f"unix:{self.folder}/qtest,server=on,wait=off"]
        return arguments + ["-qmp", f"unix:{self.folder}/qmp,server=on,wait=off"]

    def start(self, ready=True):
        super().start(ready)
        self.pl061 = self._find("pl061")
        self.qtest = self._connect("qtest")
        return self

    def set_line(self, number, level):
        told = self._ask(
            self.qtest, f"set_irq_in {self.pl061} unnamed-gpio-in {number} {int(level)}"
        )
        assert told.startswith("OK"), told

    def close(self):
        super().close()
        if getattr(self, "qtest", None):
            self.qtest.close()
            self.qtest = None

    def _connect(self, name):
        """A stream of lines to one of QEMU's sockets."""
        connection = socket.socket(socket.AF_UNIX)
        path = str(self.folder / name)
        until(lambda: connection.connect_ex(path) == 0, f"QEMU listens on {path}")
        connection.settimeout(30)
        stream = connection.makefile("rwb", buffering=0)
        connection.close()
        return stream

    @staticmethod
    def _ask(stream, line):
        stream.write(line.encode() + b"\n")
        return stream.readline().decode()

    def _find(self, kind):
        """Where QEMU has a device of this kind: the number changes with the machine's options."""
        with self._connect("qmp") as qmp:
            qmp.readline()
            self._ask(qmp, '{"execute": "qmp_capabilities"}')
            ask = {"execute": "qom-list", "arguments": {"path": "/machine/unattached"}}
            for entry in json.loads(self._ask(qmp, json.dumps(ask)))["return"]:
                if entry["type"] == f"child<{kind}>":
                    return f"/machine/unattached/{entry['name']}"
        raise AssertionError(f"QEMU has no {kind}")
