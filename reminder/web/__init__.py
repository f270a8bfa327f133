"""The web server: calendar feeds, units' pages, the secretariat's console, the outbox."""
