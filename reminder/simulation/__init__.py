"""A year in seconds: the real work on a virtual clock, with faults, and a judge beside it."""

from reminder.simulation.year import Outcome, simulate

__all__ = ["Outcome", "simulate"]
