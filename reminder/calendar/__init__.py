"""Calendar feeds: from the plan and what is registered to the bytes of an .ics file."""
