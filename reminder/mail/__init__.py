"""From facts to a mailbox: the message's bytes, the transports, claiming, sending, recording."""
