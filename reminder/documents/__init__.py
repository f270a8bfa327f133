"""What people edit: plan, units, working days, settings and templates, with file and line."""
