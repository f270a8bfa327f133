"""A month's digests planned, built, sent and recorded, beside smtp-source."""

from benchmarks.measuring import figure, in_turn, ratios, run, spread, tool, workplace
from benchmarks.page import Part, Target
from benchmarks.sink import sink
from benchmarks.trial import Sent, Trial, smtp

CONNECTIONS = 32  # of the product: with more of them a transaction records more mails
SESSIONS = 16  # of smtp-source


def measure(quick: bool) -> Part:
    """Beside smtp-source with a connection for each message, and with lasting ones."""
    units, messages, rounds = (200, 1000, 1) if quick else (5000, 20_000, 5)
    with workplace() as folder, sink() as server:
        trial = Trial(folder, units, smtp(server.port, CONNECTIONS))
        size, sent = trial.size(), list[Sent]()

        def source(*options: str) -> float:
            words = [tool("smtp-source", "postfix"), *options, "-s", str(SESSIONS)]
            words += ["-l", str(size), "-m", str(messages), "-c", f"127.0.0.1:{server.port}"]
            return messages / run(words).wall

        def product() -> float:
            sent.append(trial.send())
            return sent[-1].rate

        limit, kept, ours = in_turn(rounds, source, lambda: source("-d"), product)
    cpu = spread([each.cpu_ms for each in sent])
    ratio, ratio_kept = ratios(ours, limit), ratios(ours, kept)
    return Part(
        "A month's digests, end to end",
        f"`reminder tick` plans, builds, sends and records {units:,} digests of {size:,} bytes to "
        f"`smtp-sink` over {CONNECTIONS} connections, its ledger an SQLite file. The limit is "
        f"`smtp-source -s {SESSIONS} -l {size} -m {messages}` to the same `smtp-sink`, "
        "which plans, builds and records nothing; with `-d` it keeps its connections, as the "
        "product does. The product has more connections than smtp-source has sessions: then it "
        "needs fewer transactions for the same mails. "
        "A tick with nothing due, which only starts and loads, is taken off the "
        f"product's time and stands apart. {rounds} rounds.",
        [
            Target("digests a second, beside smtp-source", 0.2, ratio),
            Target("processor a digest", 0.65, cpu, " ms", most=True),
        ],
        [
            ("", "figure"),
            ("digests a second", str(spread(ours))),
            ("messages a second, smtp-source", str(spread(limit))),
            ("messages a second, smtp-source -d", str(spread(kept))),
            ("ratio to smtp-source", str(ratio)),
            ("ratio to smtp-source -d", str(ratio_kept)),
            ("processor a digest, ms", str(cpu)),
            ("starting and loading, s", figure(trial.idle.wall)),
            ("the whole command, s", str(spread([each.whole.wall for each in sent]))),
        ],
    )
