"""The recipe of contrib/yocto: as much of bitbake's language as it uses."""

import re


class Recipe:
    """As much of bitbake's language as the recipe uses."""

    FOLDERS = {
        "prefix": "/usr", "bindir": "/usr/bin", "sbindir": "/usr/sbin", "libexecdir": "/usr/libexec",
        "datadir": "/usr/share", "sysconfdir": "/etc", "nonarch_libdir": "/usr/lib",
        "localstatedir": "/var", "base_sbindir": "/usr/sbin",
        "systemd_system_unitdir": "/usr/lib/systemd/system",
    }  # fmt: skip
    # What bitbake.conf puts into the main package unasked.
    DEFAULT = "${bindir}/* ${sbindir}/* ${libexecdir}/* ${sysconfdir} ${datadir}/${BPN}"

    def __init__(self, path):
        text = path.read_text()
        self.bodies = dict(re.findall(r"^(\w+)\(\) \{\n(.*?)^\}$", text, re.MULTILINE | re.DOTALL))
        text = re.sub(r"^\w+\(\) \{\n.*?^\}$", "", text, flags=re.MULTILINE | re.DOTALL)
        text = re.sub(r"\\\n\s*", "", text)
        self.values, self.inherits = {}, []
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            if line.startswith("inherit "):
                self.inherits = line.split()[1:]
                continue
            given = re.fullmatch(r'([\w:${}\[\]-]+) (=|\?=|\+=|=\+) "([^"]*)"', line)
            assert given, f"bitbake would not read: {line}"
            self.values[given[1]] = given[3]
        name, version = path.stem.split("_")
        self.known = self.FOLDERS | {"PN": name, "BPN": name, "PV": version}

    def value(self, name):
        return self.expand(self.values[name])

    def expand(self, text):
        return re.sub(r"\$\{(\w+)\}", lambda found: self.known.get(found[1]) or self.value(found[1]), text)

    def packages(self):
        """{package: patterns}"""
        names = self.value("PACKAGES").split()
        found = {name: self.value(f"FILES:{name}").split() for name in names}
        rest = f"{self.DEFAULT} {self.values['FILES:${PN}']}"
        return found | {"corridord": self.expand(rest).split()}
