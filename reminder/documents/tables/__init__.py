"""Tables in the files that offices write: Word, Excel, text."""
