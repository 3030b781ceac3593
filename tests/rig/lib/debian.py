"""Packages of a Debian suite, unpacked to one side.

apt works in folders of its own, with the machine's mirror and credentials: the machine's
packages and sources are not touched.
"""

import contextlib
import fcntl
import os
import subprocess
from pathlib import Path

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

CONF = """
APT::Architecture "{architecture}";
APT::Architectures "{architecture}";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::parts "/etc/apt/apt.conf.d";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
Dir::State "{folder}";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
"""


class Unavailable(Exception):
    """What is needed cannot be had on this machine; the text says why."""


def run(*command, **options):
    """Its output; fails with what it said."""
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    if done.returncode != 0:
        said = (done.stderr + done.stdout)[-2000:]
        raise RuntimeError(f"{' '.join(map(str, command))}: exit code {done.returncode}: {said}")
    return done.stdout


@contextlib.contextmanager
def alone_in(folder):
    """Makes the folder where there is none; others wait until this one has done with it."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


@contextlib.contextmanager
def made_once(folder):
    """Yields None when the folder is complete, else the folder to fill; others wait."""
    with alone_in(folder) as folder:
        complete = folder / ".complete"
        yield None if complete.exists() else folder
        complete.touch()


def mirror():
    """The first archive of Debian's own that the machine takes packages from."""
    what = ("--format", "$(ORIGIN)|$(COMPONENT)|$(REPO_URI)", "Created-By: Packages")
    for attempt in ("as it is", "after an update"):
        if attempt != "as it is":
            run("apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", "update")
        for line in run("apt-get", "indextargets", *what).splitlines():
            origin, component, uri = line.split("|")
            if (origin, component) == ("Debian", "main") and "security" not in uri:
                return uri
    raise Unavailable("apt knows no archive of Debian")


class Suite:
    """One suite of the archive. Its package lists are fetched when they are first needed."""

    def __init__(self, name, folder, architecture="amd64"):
        self.name = name
        self.architecture = architecture
        self.folder = Path(folder) / f"apt-{name}-{architecture}"
        self.env = dict(os.environ, APT_CONFIG=str(self.folder / "apt.conf"), LC_ALL="C")

    def _update(self):
        with made_once(self.folder) as folder:
            if not folder:
                return
            if not KEYRING.exists():
                raise Unavailable(f"no {KEYRING}")
            for part in ("lists/partial", "cache/archives/partial"):
                (folder / part).mkdir(parents=True, exist_ok=True)
            (folder / "status").touch()
            (folder / "sources.list").write_text(
                f"deb [signed-by={KEYRING}] {mirror()} {self.name} main\n"
            )
            (folder / "apt.conf").write_text(
                CONF.format(folder=folder, architecture=self.architecture)
            )
            try:
                run("apt-get", "-q", "update", env=self.env)
            except RuntimeError as error:
                raise Unavailable(f"the package lists of {self.name}: {error}") from None

    def depends(self, package):
        """The first package that this one depends on."""
        self._update()
        for line in run("apt-cache", "depends", package, env=self.env).splitlines():
            if "Depends:" in line:
                return line.split()[-1]
        raise Unavailable(f"{package} is not in {self.name}")

    def unpack(self, packages, root):
        """These packages alone, without what they depend on."""
        self._update()
        root = Path(root)
        debs = root.with_name(root.name + ".debs")
        debs.mkdir(parents=True, exist_ok=True)
        try:
            run("apt-get", "-q", "download", *packages, env=self.env, cwd=debs)
        except RuntimeError as error:
            raise Unavailable(str(error)) from None
        self._extract(debs, root)

    def unpack_all(self, packages, root):
        """These packages and all that they depend on."""
        with alone_in(self.folder / "to-unpack") as archives:
            self._extract(self.fetch_all(packages, archives), Path(root))

    def fetch_all(self, packages, archives):
        """The same, as files in this folder; a package may be a file of its own."""
        self._update()
        archives = Path(archives)
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        options = ("-q", "-y", "--download-only", "-o", f"Dir::Cache::archives={archives}")
        try:
            run("apt-get", *options, "install", *packages, env=self.env)
        except RuntimeError as error:
            raise Unavailable(str(error)) from None
        return archives

    @staticmethod
    def _extract(debs, root):
        for deb in sorted(debs.glob("*.deb")):
            run("dpkg", "-x", deb, root)
            deb.unlink()
