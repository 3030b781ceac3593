"""A register that counts how often it is read: events without end."""


def counting():
    count = 0

    def read():
        nonlocal count
        count = (count + 1) & 0xFFFF
        return count

    return read
