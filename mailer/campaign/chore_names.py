"""The chores that a campaign's own row makes due."""

from __future__ import annotations

LAUNCH, FINISH, END = "launch", "finish", "end"
OF_CAMPAIGNS = (LAUNCH, FINISH, END)
