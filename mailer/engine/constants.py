"""The engine's constants; ARCHITECTURE.md gives the reason for each.

Other modules read them as `constants.NAME`, so that a test can replace a value here.
"""

from __future__ import annotations

from mailer.engine.window_size import WINDOWS

SWEEP_SECONDS = 0.5
OFFER_SECONDS = 5.0
"""On PostgreSQL: the sweep offers only what the queue has lost, and nobody waits for that often."""
OFFERED = 1_000
LOOKED_AT = 64
QUEUED = 4 * WINDOWS
"""A sweep fills the queue up to this many batches; batches in work count."""
TURN_SECONDS = 5.0
"""A batch is worked on for this long before another campaign's batch may take its turn."""
WATCH_SECONDS = 1.0
RENEW_SECONDS = 10.0
FRUITLESS_TAKINGS = 3
SETTLE_TRIES = 30
STOPPING_TRIES = 3
REPLAY_SECONDS = 5.0
TIDY_SECONDS = 3_600.0
LOOK_AGAIN_SECONDS = 5.0
PATIENCE_SECONDS = 10.0
TELL_AGAIN_SECONDS = 10.0
