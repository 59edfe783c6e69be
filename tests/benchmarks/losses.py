"""What is lost when workers die: messages of twenty people, half of them by SMS and half on Messenger, posted fifty at
a time, a tenth of them twice and all once more, while the one-machine host is ended by SIGKILL again and again.

BENCH_DELIVERIES says how many messages (default 1000), BENCH_KILLS how many kills (default one for each 500).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.benchmarks import report
from tests.journeys import posting
from tests.journeys.host import HostProcess


def main(rounds: int) -> None:
    """Counts must be as they are in every run, so one does."""
    count = int(os.environ.get("BENCH_DELIVERIES", "1000"))
    kills = int(os.environ.get("BENCH_KILLS", str(max(2, count // 500))))
    with tempfile.TemporaryDirectory() as name:
        host = HostProcess(Path(name) / "data")
        try:
            came = posting.run(host, count, kills)
        finally:
            host.kill()
    rows = [
        ["messages", f"{came.messages:,}"],
        ["posts of them", f"{came.posts:,}"],
        ["posts at once", str(posting.AT_ONCE)],
        ["kills of the host", str(came.kills)],
        ["people, conversations", f"{posting.PEOPLE}, {len(came.found)}"],
        ["messages missing, doubled", f"{came.missing}, {came.doubled}"],
        [
            "out of order in their conversation: SMS, Messenger",
            f"{came.out_of_order('sms')}, {came.out_of_order('messenger')}",
        ],
        ["deliveries parked", str(came.parked)],
        ["seconds until all was taken, kills included", f"{came.taken:.0f}"],
        ["seconds until all was worked on after that", f"{came.settled:.0f}"],
    ]
    report.table("Posts while workers die", ["what", "how many"], rows)
    report.note(f"BENCH_DELIVERIES={count} BENCH_KILLS={kills}")
