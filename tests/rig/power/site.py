"""A gateway that always has something to tell: its configuration and its trace."""

TRACE_IN_GUEST = "/etc/power.trace"
LINES = 400  # readings of the two meters until the trace begins again
BOOM_WORDS = (17, 32, 16, 33, 64)  # closed, opening, open, closing, fault: an alert

CONF = """
checkpoint {{ id = "ge-red-bridge"  country = "GE"  name = "Red Bridge"  office = "GE000600" }}
gateway    {{ id = "{name}" }}
journal    {{ path = "{journal}"  fallback = "{fallback}"  quota = "8MiB"  commit_every = "20ms" }}
uplink     {{
    host = "{broker}"  topic_root = "{root}"  client_id = "{client}"
    retry_min = "50ms"  retry_max = "400ms"  connect_timeout = "3s"  ack_timeout = "5s"
}}
device "load" {{ driver = "replay"  file = "{trace}"  loop = true
    point "n0" {{ counted = true }}
    point "n1" {{ counted = true }}
}}
device "boom" {{ driver = "replay"  file = "{trace}"  loop = true
    point "status" {{
        map = {{"0=unknown", "16=open", "17=closed", "32=opening", "33=closing", "64=fault"}}
    }}
}}
meter "load-0" {{ value = "load.n0"  report_min = "0ms" }}
meter "load-1" {{ value = "load.n1"  report_min = "0ms" }}
lane "entry-1" {{ direction = "entry"  barrier "boom" {{ status = "boom.status" }} }}
"""


def conf(name, broker, journal, fallback, root, trace=TRACE_IN_GUEST):
    """broker: "address:port"; root: first two levels of its topics, of no other gateway there."""
    client = root.replace("/", "-")
    return CONF.format(**locals())


def trace(every_s=0.02):
    """Telemetry all the time, a boom that moves, and now and then breaks."""
    told = []
    for number in range(1, LINES + 1):
        told.append(f"+{every_s} load.n{number % 2} {number}")
        if number % 5 == 0:
            told.append(f"+0.001 boom.status {BOOM_WORDS[number // 5 % len(BOOM_WORDS)]}")
    return "\n".join(told) + "\n"
