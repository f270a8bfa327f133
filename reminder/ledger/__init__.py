"""What is recorded: the tables and their queries, on SQLite and PostgreSQL under one Database."""
