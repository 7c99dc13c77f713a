"""Processes that begin with everything imported: a test's command costs no second of start.

One server for a whole run, from which both the command line and workers that die are forked.
"""

from __future__ import annotations

import multiprocessing

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["tests.preloaded", "tests.mailer.engine.killed_worker"])
