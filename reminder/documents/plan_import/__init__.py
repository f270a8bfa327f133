"""From the grid of an office's table to a plan: it asks instead of guessing."""
