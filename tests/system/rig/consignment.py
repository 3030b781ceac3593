"""A consignment as the registry's list has it, under the seal that `crossing` reads."""

import json

from .crossing import SEAL

UCR = "6GE204567891-INV0001"
CARRIER = {"country": "GE", "scheme": "GE-AEO", "number": "12/34"}

CONSIGNMENT = {
    "ucr": UCR,
    "flow": "transit",
    "documents": [{"kind": "mrn", "number": "26GE7A01B2C3D4E5J1"}],
    "containers": ["CSQU3054383"],
    "seals": [
        {
            "number": SEAL,
            "container": "CSQU3054383",
            "affixed_by": "GE",
            "affixed_at": "2026-03-01T10:00:00+04:00",
        }
    ],
    "parties": [{"role": "carrier", "aeo": CARRIER}],
}


def write_list(path, kind, record):
    """A list of one record. Returns its path as text."""
    head = {"list": {"kind": kind, "version": "1", "as_of": "2026-03-01T05:00:00Z"}}
    path.write_text(json.dumps(head) + "\n" + json.dumps(record) + "\n")
    return str(path)
