"""What a command, a page or the daemon may ask for; each a function of the application."""
