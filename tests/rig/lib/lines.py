"""Simulated GPIO chips of a guest (gpio-sim), whose lines a test moves."""

import shlex

CONFIGFS = "/sys/kernel/config/gpio-sim"


def _moves(printed):
    return [tuple(map(int, moved.split())) for moved in printed.splitlines()]


class Chip:
    """A chip with this label; lines: names, None where one has none. hogged: {name: level},
    lines that the kernel itself holds."""

    def __init__(self, guest, folder, label, lines, hogged=()):
        self.guest = guest
        self.folder = f"{CONFIGFS}/{folder}"
        self.label = label
        self.lines = list(lines)
        bank = f"{self.folder}/bank0"
        make = [f"mkdir -p {bank}", f"echo {len(lines)} >{bank}/num_lines"]
        make.append(f"echo {shlex.quote(label)} >{bank}/label")
        for i, name in enumerate(lines):
            if name:
                make.append(f"mkdir {bank}/line{i} && echo {name} >{bank}/line{i}/name")
            if name in hogged:
                hog = f"{bank}/line{i}/hog"
                make.append(f"mkdir {hog} && echo rig-hog >{hog}/name")
                make.append(f"echo {'output-high' if hogged[name] else 'output-low'} >{hog}/direction")
        guest.run("set -e\n" + "\n".join(make))
        self.appear()

    def appear(self):
        """Plugged in; its number may be another than before."""
        where = self.guest.run(
            f"set -e; cd {self.folder}; echo 1 >live; cat dev_name bank0/chip_name"
        )
        device, self.name = where.split()
        self.files = f"/sys/devices/platform/{device}/{self.name}"

    def vanish(self):
        """Unplugged, whoever holds its lines."""
        self.guest.run(f"echo 0 >{self.folder}/live")

    def close(self):
        self.guest.run(
            f"cd {self.folder}; echo 0 >live; "
            "rmdir bank0/line*/hog 2>/dev/null; rmdir bank0/line* bank0 2>/dev/null; "
            f"cd ..; rmdir {self.folder}"
        )

    def _at(self, line):
        offset = line if isinstance(line, int) else self.lines.index(line)
        return f"{self.files}/sim_gpio{offset}"

    def pull(self, line, high):
        self.guest.run(f"echo {'pull-up' if high else 'pull-down'} >{self._at(line)}/pull")

    def pulled(self, line):
        """Whether it is pulled up, as the other side of the line sees it."""
        return self.guest.run(f"cat {self._at(line)}/pull").strip() == "pull-up"

    def sequence(self, *moves, pause_s=0.02):
        """Moves lines in the guest itself: (line, high), (line, high) ..., a pause after each."""
        steps = [
            f"echo {'pull-up' if high else 'pull-down'} >{self._at(line)}/pull; sleep {pause_s}"
            for line, high in moves
        ]
        self.guest.run("set -e; " + "; ".join(steps))

    def toggle(self, line, count, pause_us, while_="true"):
        """Up, down and so on; [(monotonic, wall clock)] in ns, of right before each move.
        while_: what to run in the guest beforehand."""
        printed = self.guest.run(f"{while_}; toggle {self._at(line)}/pull {count} {pause_us}")
        return _moves(printed)


    def begin_toggle(self, line, count, pause_us):
        """The same, while the test goes on."""
        return Toggling(self.guest, f"{self._at(line)}/pull", count, pause_us)


class Toggling:
    """A line of a guest that goes up and down by itself."""

    def __init__(self, guest, pull, count, pause_us):
        self.guest, self.count = guest, count
        self.moves = "/tmp/moves"
        self.patience_s = 60 + 4 * count * pause_us // 1_000_000
        guest.run(f"toggle {pull} {count} {pause_us} >{self.moves} 2>&1 &")

    def wait(self, moves):
        """Until it has moved so often, or a little more: it writes down many at a time."""
        self.guest.until(f"[ $(wc -l <{self.moves}) -ge {moves} ]", within_s=self.patience_s, every_s=0.3)

    def end(self):
        """As Chip.toggle()."""
        self.wait(self.count)
        return _moves(self.guest.run(f"cat {self.moves}"))


class Chips:
    """Makes chips in a guest and takes them away again."""

    def __init__(self, guest):
        self.guest = guest
        self.made = []
        self.count = 0

    def add(self, label, lines, **options):
        self.count += 1
        chip = Chip(self.guest, f"chip{self.count}", label, lines, **options)
        self.made.append(chip)
        return chip

    def clear(self):
        while self.made:
            self.made.pop().close()
