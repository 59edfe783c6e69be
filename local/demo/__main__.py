"""Drives the whole story and judges it: `python -m local.demo`, which is what `make demo` does."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
import time
from contextlib import closing
from types import FrameType

from local.client import Refused
from local.demo import memory, people, report, server
from local.demo.calls import Caller, GaveUp
from local.demo.judge import Judge
from local.demo.memory import Memory
from local.demo.screen import Screen
from local.demo.settings import DemoSettings, from_environment
from local.demo.story import Story
from local.errors import CannotStart


def main() -> int:
    """The exit code: 0 when every lead's journey was right, 1 when one was not or it could not go on, 130 on Ctrl-C."""
    screen, stopped = Screen(), threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        return _demo(from_environment(), screen, stopped)
    except KeyboardInterrupt:
        screen.say("The demo was stopped; start it again and it carries on.")
        return 130
    except (CannotStart, GaveUp, Refused) as error:
        screen.say(screen.bad(f"The demo ended early: {error}"))
        return 1


def _demo(settings: DemoSettings, screen: Screen, stopped: threading.Event) -> int:
    remembered = _begin(settings, screen)
    place = server.find_or_start(settings, remembered.server_pid)
    try:
        remembered.server_pid = place.own_pid
        remembered.save(settings.data_dir)
        return _play(settings, remembered, place, screen, stopped)
    finally:
        place.stop()
        remembered.server_pid = None
        remembered.save(settings.data_dir)


def _play(
    settings: DemoSettings, remembered: Memory, place: server.Server, screen: Screen, stopped: threading.Event
) -> int:
    begun = time.monotonic()
    whose = "the server that runs on this data directory" if place.own_pid is None else "a server of its own"
    screen.say(f"Demo run {remembered.run} with {remembered.leads} leads on {place.api()[0]}, {whose}")
    with (
        closing(Caller(place.api, stopped)) as api,
        closing(Caller(lambda: (place.api()[0], None), stopped)) as reader,
        closing(Caller(place.sandbox, stopped)) as sandbox,
    ):
        story = Story(api, remembered, settings.data_dir, screen)
        cast = people.read(remembered.leads, remembered.run)
        story.set_up()
        lead_ids = story.add_leads(cast)
        runs = story.wait_for_runs(len(cast))
        journeys, problems = Judge(api, reader, sandbox, remembered.made, screen).judge(cast, lead_ids, runs)
    wrong = report.show(screen, journeys, problems, time.monotonic() - begun)
    remembered.finished = wrong == 0
    return 0 if remembered.finished else 1


def _begin(settings: DemoSettings, screen: Screen) -> Memory:
    """Carries on with a run that did not finish; otherwise a new one, on fresh state where it is ours to throw away."""
    remembered = memory.recall(settings.data_dir)
    if remembered is not None and not remembered.finished:
        screen.say(f"Carrying on with run {remembered.run}, which did not finish.")
        remembered.leads = remembered.leads or settings.leads
        return remembered
    if remembered is None:
        new = Memory()
    elif settings.data_dir_is_ours and server.running(settings.data_dir) is None:
        shutil.rmtree(settings.data_dir)
        new = Memory()
    else:
        new = remembered.next_run()
    new.leads = settings.leads
    return new


if __name__ == "__main__":
    sys.exit(main())
