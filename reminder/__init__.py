"""Monthly mails and calendar feeds from an office's yearly table of tasks."""
