"""Scope: which campaigns and notices one engine may send; everything else is nobody's business."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from sqlalchemy import ColumnElement, false, true

from mailer.models import Campaign, Notice


@dataclass(frozen=True, slots=True)
class Scope:
    """All that is to be sent; or one campaign, with the notices; or one notice alone.

    The questions by which an engine finds its work have these conditions in their WHERE.
    """

    campaign_id: int | None = None
    notice_id: int | None = None
    batches: bool = True
    """Whether copies are sent; without them, only chores are done."""

    @classmethod
    def of_campaign(cls, campaign_id: int) -> Self:
        """This campaign, and all notices: whoever ordered one waits for it."""
        return cls(campaign_id=campaign_id)

    @classmethod
    def of_notice(cls, notice_id: int) -> Self:
        """This notice, and no campaign."""
        return cls(notice_id=notice_id)

    @property
    def everything(self) -> bool:
        """Whether no campaign and no notice is left out."""
        return self.campaign_id is None and self.notice_id is None

    @property
    def name(self) -> str:
        """As other processes read it; "" for everything."""
        if not self.batches:
            return "chores"
        if self.campaign_id is not None:
            return f"campaign {self.campaign_id}"
        return "" if self.notice_id is None else f"notice {self.notice_id}"

    def includes(self, campaign_id: int) -> bool:
        """Whether copies of this campaign may be sent."""
        return self.everything or self.campaign_id == campaign_id

    def campaigns(self) -> ColumnElement[bool]:
        """The campaigns that may be sent."""
        if self.everything:
            return true()
        return false() if self.campaign_id is None else Campaign.id == self.campaign_id

    def notices(self) -> ColumnElement[bool]:
        """The notices that may be sent."""
        return true() if self.notice_id is None else Notice.id == self.notice_id


EVERYTHING = Scope()
CHORES = Scope(batches=False)
"""All that is no batch and needs no relay: of a process that serves pages while workers send."""
