"""Brokers that send nonsense of every structure, by thousands: none ends capture or costs an event.

CORRIDORD_PACKETS: how many (10000 for a whole run); CORRIDORD_SEED repeats what was seen.
"""

import os
import random
import time

import pytest
from rig.delivery import check_delivered, wait_for_all
from rig.waiting import PATIENCE_S, until
from sim.fuzz_broker import Fuzz

PACKETS = int(os.environ.get("CORRIDORD_PACKETS", 500))
SEED = int(os.environ.get("CORRIDORD_SEED", random.randrange(1 << 32)))
QUICK = {"retry_min": "10ms", "retry_max": "20ms"}



@pytest.mark.parametrize("carrier", ["plain", "TLS"])
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_whatever_a_broker_sends_the_lane_is_read_on_and_nothing_is_lost(
    protocol, carrier, readings, scripted, new_gateway, tmp_path
):
    fuzz = Fuzz(SEED)
    broker = scripted(fuzz, carrier)
    begun_s = time.monotonic()
    daemon = new_gateway(broker, protocol, **QUICK).start()

    def enough():
        if not daemon.running():
            for number, sent in fuzz.transcript().items():
                (tmp_path / f"connection-{number}").write_bytes(sent)  # for manners.Replays
            pytest.fail(f"seed {SEED}, after {fuzz.shown} packets: {fuzz.last[-3:]}")
        return fuzz.shown >= PACKETS

    until(enough, lambda: f"{fuzz.shown} packets", within_s=30 + PACKETS)
    took_s = time.monotonic() - begun_s
    print(f"seed {SEED}: {fuzz.shown} spoilt of {fuzz.sent} packets, "
          f"{len(broker.sessions)} connections, {took_s:.1f} s")  # fmt: skip
    broker.become()
    readings.finish()
    wait_for_all(broker, readings, daemon, within_s=PATIENCE_S + PACKETS / 20)  # all of that time
    readings.check_in_time()
    check_delivered(broker, readings, daemon, repeats=True)
