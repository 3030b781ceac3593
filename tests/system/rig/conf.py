"""Configurations of the sites that the tests run."""

HEAD = """
checkpoint {{ id = "ge-red-bridge"  country = "GE"  name = "Red Bridge"  office = "GE000600" }}
gateway    {{ {gateway} }}
journal    {{ {journal} }}
uplink     {{ {uplink} }}
"""

# So that tests wait no longer than they must.
BRISK_UPLINK = {
    "keepalive": "5s",
    "ack_timeout": "1s",
    "connect_timeout": "1s",
    "retry_min": "50ms",
    "retry_max": "400ms",
}
BRISK_BUS = {"reopen_min": "50ms", "reopen_max": "500ms"}
# But a value that was read and is answered late is lost: a busy machine is waited for.
BRISK_DEVICE = {"timeout": "60s", "retries": 0, "retry_min": "100ms", "retry_max": "1s"}


def options(values):
    return "  ".join(f"{name} = {value(given)}" for name, given in values.items())


def value(of):
    if isinstance(of, bool):
        return "true" if of else "false"
    if isinstance(of, (list, tuple)):
        return "{" + ", ".join(value(v) for v in of) + "}"
    return str(of) if isinstance(of, (int, float)) else f'"{of}"'


def head(broker_port, journal=None, gateway=None, **uplink):
    gateway = {"id": "gw1", "control": "control"} | (gateway or {})
    journal = {"path": "journal.db", "fallback": "fallback.db"} | (journal or {})
    uplink = {"host": f"127.0.0.1:{broker_port}"} | BRISK_UPLINK | uplink
    return HEAD.format(gateway=options(gateway), journal=options(journal), uplink=options(uplink))


def bus(name, port, **given):
    given = {"driver": "modbus-tcp", "host": "127.0.0.1", "port": port} | BRISK_BUS | given
    return f'bus "{name}" {{ {options(given)} }}\n'


def device(name, bus, unit, points="", **given):
    given = {"bus": bus, "unit": unit} | BRISK_DEVICE | given
    return f'device "{name}" {{\n    {options(given)}\n{points}}}\n'


def register(name, address, **given):
    given = {"table": "holding", "address": address} | given
    return f'    point "{name}" {{ {options(given)} }}\n'


def counters(port, count=8, poll="20ms", **given):
    """A device of counters, each of them a meter that reports every change: the load."""
    points = "".join(register(f"n{i}", i, counted=True) for i in range(count))
    meters = "".join(
        f'meter "counters-{i}" {{ value = "counters.n{i}"  report_min = "0ms" }}\n'
        for i in range(count)
    )
    given = {"address_base": 0, "poll": poll} | given
    return (
        bus("counters-bus", port)
        + device("counters", "counters-bus", 1, points, **given)
        + meters
    )


def lane(port, poll="50ms", stale_after="60s", **given):
    """The entry lane of tests/sim/lane.py, by the shipped profiles."""
    given = {"poll": poll, "stale_after": stale_after} | given
    return (
        bus("lane-1", port)
        + device("boom-1", "lane-1", 1, profile="came-gard-ptx", **given)
        + device("loop-1", "lane-1", 2, profile="proconel-ld120", **given)
        + device("reader-1", "lane-1", 3, profile="generic-seal-reader", **given)
        + 'lane "entry-1" {\n'
        '    direction = "entry"\n'
        '    barrier "boom" { status = "boom-1.status"  presence = "loop-1.presence" }\n'
        '    seal "reader" {\n'
        '        id = "reader-1.seal-id"  status = "reader-1.status"\n'
        '        battery = "reader-1.battery"  open_counter = "reader-1.open-counter"\n'
        '        tamper_counter = "reader-1.tamper-counter"\n'
        "    }\n"
        "}\n"
    )
