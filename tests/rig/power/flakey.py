"""A disk of the guest that refuses to write when it is told to: dm-flakey."""

MODULES = ("dm_mod", "dm_flakey")
NEVER = 3600  # seconds


class FlakeyDisk:
    """/dev/mapper/<name> above a disk of the guest."""

    def __init__(self, guest, name, device):
        self.guest, self.name, self.below = guest, name, device
        self.path = f"/dev/mapper/{name}"
        number = device.rpartition("/")[2]
        self.sectors = int(guest.run(f"cat /sys/class/block/{number}/size"))
        guest.run(f"dmsetup create {name} --noudevsync --table '{self._table(broken=False)}'")
        guest.run("dmsetup mknodes")

    def _table(self, broken):
        when = f"0 {NEVER} 1 error_writes" if broken else f"{NEVER} 0"
        return f"0 {self.sectors} flakey {self.below} 0 {when}"

    def set_broken(self, broken):
        """From now on writes fail, or succeed again. What was written stays readable."""
        self.guest.run(
            f"dmsetup suspend --noflush --nolockfs {self.name} && "
            f"dmsetup load {self.name} --table '{self._table(broken)}' && "
            f"dmsetup resume --noudevsync {self.name}"
        )
