"""What the system tests are built of: a broker, a subscriber, the daemon."""
