"""The web server: calendar feeds, and on this machine alone the outbox of unsent mails."""
