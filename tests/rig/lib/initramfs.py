"""The guest's whole user space, as one cpio archive that is loaded with the kernel."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

from .debian import Unavailable

BUSYBOX = "busybox"
INIT = Path(__file__).with_name("init.sh")
FOLDERS = ("bin", "dev", "etc", "lib", "lib/modules", "proc", "run", "sys", "tmp", "data", "var")


def libraries(program, root=None):
    """{path in the guest: file} of what a program loads: the host's own libraries, or those
    of another user space that is unpacked under root."""
    if not root:
        shown = subprocess.run(
            ["ldd", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ).stdout
    else:
        folders = [str(path) for path in library_folders(root)]
        options = ("--library-path", ":".join(folders), "--list")
        shown = subprocess.run(
            [loader_of(root), *options, program],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ).stdout  # fmt: skip
    if "not found" in shown:
        raise RuntimeError(f"{program}: {shown}")
    found = {}
    for line in shown.splitlines():
        path = next((word for word in line.split() if word.startswith("/")), None)
        if path:
            found[path] = Path(path)
    return found


def loader_of(root):
    """The program that loads the others; in an unpacked Debian /lib64 is no link yet."""
    places = [Path(root) / folder / "ld-linux-x86-64.so.2" for folder in ("usr/lib64", "lib64")]
    return next(place for place in places if place.exists())


def library_folders(root):
    return [Path(root) / folder for folder in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")]


class Initramfs:
    """Add what is wanted, then write() it. Paths in the guest are absolute."""

    def __init__(self):
        self.entries = {}  # path without the leading slash: (mode, content, device)
        self.module_list = []
        busybox = shutil.which(BUSYBOX, path="/bin:/usr/bin")
        if not busybox:
            raise Unavailable("busybox-static is not installed")
        for folder in FOLDERS:
            self.folder("/" + folder)
        self.entries["dev/console"] = (stat.S_IFCHR | 0o600, b"", (5, 1))
        self.file("/bin/busybox", busybox)
        for applet in subprocess.check_output([busybox, "--list"], text=True).split():
            if applet != "busybox":
                self.link(f"/bin/{applet}", "busybox")
        self.file("/init", INIT, mode=0o755)

    def folder(self, path):
        path = path.strip("/")
        if path and path not in self.entries:
            self.folder(os.path.dirname(path))
            self.entries[path] = (stat.S_IFDIR | 0o755, b"", (0, 0))

    def link(self, path, target):
        self.folder(os.path.dirname(path))
        self.entries[path.strip("/")] = (stat.S_IFLNK | 0o777, target.encode(), (0, 0))

    def file(self, path, source, mode=None):
        """source: bytes, or a file of the host."""
        self.folder(os.path.dirname(path))
        if mode is None:
            mode = 0o644 if isinstance(source, bytes) else os.stat(source).st_mode & 0o777
        content = source if isinstance(source, bytes) else Path(source)
        self.entries[path.strip("/")] = (stat.S_IFREG | mode, content, (0, 0))

    def program(self, source, path=None, root=None):
        """A program with all its libraries. It is found by its name, unless path is given."""
        source = Path(shutil.which(str(source)) or source)
        self.file(path or f"/bin/{source.name}", source, mode=0o755)
        for where, library in libraries(source, root).items():
            self.file(f"/lib/x86_64-linux-gnu/{Path(where).name}", library, mode=0o755)
        self.file("/lib64/ld-linux-x86-64.so.2", loader_of(root or "/"), mode=0o755)

    def tree(self, source, path):
        """A folder of the host with all that is in it."""
        source = Path(source)
        self.folder(path)
        for entry in sorted(source.rglob("*")):
            where = f"{path}/{entry.relative_to(source)}"
            if entry.is_symlink():
                self.link(where, os.readlink(entry))
            elif entry.is_dir():
                self.folder(where)
            else:
                self.file(where, entry)

    def modules(self, kernel, names, files=()):
        """Modules of the kernel with what they need, then built ones; loaded in this order."""
        for module in [*kernel.modules(names), *map(Path, files)]:
            if module.name not in self.module_list:
                self.module_list.append(module.name)
                self.file(f"/lib/modules/{module.name}", _unpacked(module))

    def write(self, path):
        self.file("/etc/modules.list", "".join(f"{m}\n" for m in self.module_list).encode())
        with Path(path).open("wb") as archive:
            for number, (name, entry) in enumerate(sorted(self.entries.items()), start=1):
                _write_entry(archive, number, name, *entry)
            _write_entry(archive, 0, "TRAILER!!!", 0, b"", (0, 0))
        return Path(path)


def _unpacked(module):
    if module.suffix == ".xz":
        return subprocess.check_output(["xz", "-dc", module])
    return module


def _write_entry(archive, number, name, mode, content, device):
    """One entry of the "newc" format: a header of hexadecimal fields, name, content."""
    if isinstance(content, Path):
        content = content.read_bytes()
    name = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name), 0)
    archive.write(b"070701" + b"".join(b"%08X" % field for field in fields) + name)
    archive.write(b"\0" * (-archive.tell() % 4))
    archive.write(content)
    archive.write(b"\0" * (-archive.tell() % 4))
