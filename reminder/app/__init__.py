"""Builds the parts, and makes them work: one pass, a daemon, an operator's orders."""

from reminder.app.application import Application, Pass

__all__ = ["Application", "Pass"]
