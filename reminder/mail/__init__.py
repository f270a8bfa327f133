"""From facts to a mailbox.

`compose` and `mime` make a message's bytes. `sending` runs a pass with its workers: `claims` takes
notices out of the ledger and records answers, `transports` speak to the server, `outage` judges
what it says. `replicas` decides who may send.
"""
