"""The daemon: what ticks, sends and serves until it is told to stop."""
