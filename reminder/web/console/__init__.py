"""The secretariat's console: every page behind the log-in."""
