"""The engine's numbers, each with its reason in ARCHITECTURE.md; asked here, so changed here."""

from __future__ import annotations

from mailer.engine.window_size import WINDOWS

SWEEP_SECONDS = 0.5
LOOKED_AT = 64
QUEUED = 4 * WINDOWS
"""So many of the batches looked at are queued in one sweep."""
TURN_SECONDS = 5.0
"""So long a batch is worked on at least before it makes room for another campaign's."""
WATCH_SECONDS = 1.0
RENEW_SECONDS = 10.0
FRUITLESS_TAKINGS = 3
SETTLE_TRIES = 30
STOPPING_TRIES = 3
REPLAY_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 5.0
PATIENCE_SECONDS = 10.0
