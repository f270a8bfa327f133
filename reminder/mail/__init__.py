"""From facts to a mailbox.

`compose` and `mime` make a message's bytes. `sending` runs a pass: `claims` takes batches out of
the ledger and records answers, `route` has the workers' connections, `transports` speak to the
server, `refusals` and `outage` judge what it says. `replicas` decides who may send.
"""
