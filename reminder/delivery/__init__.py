"""From a notice to a mailbox: the message's bytes, the transports, the sending."""
