"""What a command, a page or the daemon may ask for, and the policy behind it."""
