"""A kernel of Debian for the guest, and gpio-sim built for it.

The kernel package is downloaded and unpacked, not installed. No kernel of Debian has
gpio-sim, so the module is built out of tree, from the kernel's own source package.
"""

import subprocess
from pathlib import Path

from .debian import Suite, made_once, run

SOURCES = (
    "drivers/gpio/gpio-sim.c",
    "drivers/gpio/gpiolib.h",
    "kernel/irq/irq_sim.c",
    "scripts/extract-vmlinux",
)
# Not exported to modules; this does the same to an interrupt of our own.
NOT_EXPORTED = "handle_simple_irq(irq_to_desc(irqnum))"
EXPORTED = "generic_handle_irq(irqnum)"


class Kernel:
    """version, vmlinux (uncompressed, which boots fastest), gpio_sim (the built module)."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.version = (self.folder / "version").read_text()
        self.vmlinux = self.folder / "vmlinux"
        self.root = self.folder / "image"
        self.gpio_sim = self.folder / "gpio-sim" / "gpio-sim.ko"

    def modules(self, names):
        """The files of these modules and of what they need, in the order to load them."""
        found = []
        for name in names:
            shown = run("modprobe", "-d", self.root, "-S", self.version, "--show-depends", name)
            for line in shown.splitlines():
                kind, *path = line.split()
                if kind == "insmod" and Path(path[0]) not in found:
                    found.append(Path(path[0]))
        return found


def _unpack_source(suite, folder, release):
    """Those few files of the kernel's source that are needed here."""
    package = folder / "source-package"
    suite.unpack([f"linux-source-{release}"], package)
    top = f"linux-source-{release}"
    archive = package / "usr/src" / f"{top}.tar.xz"
    into = folder / "source"
    into.mkdir(exist_ok=True)
    members = [f"{top}/{source}" for source in SOURCES]
    run("tar", "-xJf", archive, "-C", into, "--strip-components=1", *members)
    return into


def _unpack_headers(suite, folder, version):
    """The headers' makefile looks for its other half under /usr: mended to look beside it."""
    headers = folder / "headers"
    common = version.rpartition("-")[0] + "-common"
    suite.unpack([f"linux-headers-{version}", f"linux-headers-{common}"], headers)
    tree = headers / "usr/src" / f"linux-headers-{version}"
    kbuild = (tree / "scripts").readlink().parent.name
    suite.unpack([kbuild], headers)
    text = (tree / "Makefile").read_text()
    (tree / "Makefile").write_text(text.replace(" /usr/src/", f" {headers}/usr/src/"))
    return tree


def _build_gpio_sim(folder, source, headers):
    module = folder / "gpio-sim"
    module.mkdir(exist_ok=True)
    (module / "gpiolib.h").write_bytes((source / "drivers/gpio/gpiolib.h").read_bytes())
    (module / "gpio-sim-core.c").write_bytes((source / "drivers/gpio/gpio-sim.c").read_bytes())
    simulated = (source / "kernel/irq/irq_sim.c").read_text()
    (module / "irq_sim.c").write_text(simulated.replace(NOT_EXPORTED, EXPORTED))
    (module / "Kbuild").write_text("obj-m := gpio-sim.o\ngpio-sim-y := gpio-sim-core.o irq_sim.o\n")
    run(
        *("env", "-u", "MAKEFLAGS", "-u", "MFLAGS", "-u", "MAKELEVEL"),
        *("make", "-s", "-C", headers, f"M={module}", "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules"),
    )


def fetch(cache, suite="bookworm"):
    """The kernel of this suite, from the cache or made there."""
    folder = Path(cache) / f"kernel-{suite}"
    with made_once(folder) as empty:
        if empty:
            _make(Suite(suite, cache), folder)
    return Kernel(folder)


def _make(suite, folder):
    version = suite.depends("linux-image-amd64").removeprefix("linux-image-")
    release = ".".join(version.split(".")[:2])
    suite.unpack([f"linux-image-{version}"], folder / "image")
    run("depmod", "-b", folder / "image", version)
    source = _unpack_source(suite, folder, release)
    _build_gpio_sim(folder, source, _unpack_headers(suite, folder, version))
    with (folder / "vmlinux").open("wb") as vmlinux:
        extract = ("bash", source / "scripts/extract-vmlinux")
        packed = folder / "image/boot" / f"vmlinuz-{version}"
        subprocess.run([*extract, packed], stdout=vmlinux, check=True)
    if (folder / "vmlinux").stat().st_size == 0:  # it does not fail when it cannot unpack it
        raise RuntimeError(f"{packed} is packed in a way that nothing here can unpack")
    (folder / "version").write_text(version)
