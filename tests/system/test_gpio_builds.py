"""The GPIO driver and both major versions of its library."""

import pathlib
import subprocess

from rig.permitted import cannot

SCRIPT = pathlib.Path(__file__).parents[1] / "build" / "gpiod2.sh"


def test_the_gpio_driver_builds_and_passes_its_tests_with_libgpiod_2():
    run = subprocess.run(
        [SCRIPT], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if run.returncode == 77:
        cannot(run.stdout.strip().splitlines()[-1])
    assert run.returncode == 0, run.stdout
