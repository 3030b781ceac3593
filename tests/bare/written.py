"""What the documents say to type."""

import re

from machine import TOP


def steps(document, heading):
    """The commands of the first block below a heading, without remarks."""
    text = (TOP / document).read_text()
    below = text[re.search(rf"^#+ {re.escape(heading)}$", text, re.MULTILINE).end() :]
    block = re.search(r"^```\n(.*?)^```$", below, re.MULTILINE | re.DOTALL)[1]
    return [line.split("  #")[0].strip() for line in block.splitlines() if line.strip()]


def repairs(folder):
    """What is typed when the power failed while packages changed: those of this folder."""
    written = steps("doc/operations.md", "When the power fails while packages change")
    return [re.sub(r"\./(\w+)_\S+\.deb", rf"{folder}/\1_*.deb", s.replace("sudo ", "")) for s in written]


def said_in_line(document, word):
    """The command that has this word, within a sentence."""
    (found,) = re.findall(rf"`([^`\n]*{re.escape(word)}[^`\n]*)`", (TOP / document).read_text())
    return found
