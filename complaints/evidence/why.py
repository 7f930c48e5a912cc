"""Why a case is judged again by itself, in words for its thread."""

from __future__ import annotations

from collections.abc import Mapping

from complaints.findings import Words

NEWS: Mapping[str, Words] = {
    "transaction.started": Words("a charging session reached us late", "充电记录延迟上传"),
    "transaction.ended": Words("the end of a charging session reached us", "收到充电结束的记录"),
    "payment.capture": Words("a capture was recorded", "新增一笔扣款"),
    "payment.hold": Words("a hold was recorded", "新增一笔预授权"),
    "payment.void": Words("a hold was released", "预授权已解除"),
    "payment.refund": Words("a refund was recorded", "新增一笔退款"),
    "fault.opened": Words("a fault report reached us late", "故障记录延迟上传"),
    "fault.cleared": Words("a fault was cleared", "故障已恢复"),
}


def in_chinese(reason: str) -> str:
    """News of ours in Chinese; what a person wrote as he wrote it."""
    return next((news.zh for news in NEWS.values() if news.en == reason), reason)
