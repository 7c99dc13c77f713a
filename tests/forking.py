"""Forks processes from a server that has imported everything, which saves a second each time.

A whole run has one such server; the tests' commands and the workers that die are forked from it.
"""

from __future__ import annotations

import multiprocessing

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["tests.preloaded", "tests.mailer.engine.killed_worker"])
