"""What the tests of power cuts and disk errors are built of."""
