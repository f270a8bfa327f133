"""What is kept: the files that people edit, and the ledger."""
