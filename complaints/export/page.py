"""The page: a case as one HTML file that needs nothing else, to read or to print, in Chinese or English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined, Template

from complaints.chinese import traditional
from complaints.export.dossier import Dossier
from csms.kit.clock import parse_time

LANGUAGES = ("zh-Hans", "zh-Hant", "en")

WORDS: Mapping[str, str] = {
    "Case": "投诉案件", "Exported": "导出时间", "for": "导出人", "Complaint": "投诉内容", "Filed": "提交时间",
    "Channel": "渠道", "Topic": "类型", "Level": "等级", "State": "状态", "Station": "充电桩", "plug": "枪号",
    "Customer": "用户", "Assessment": "核查结论", "version": "版本", "Verdict": "结论", "Liability": "责任方",
    "Findings": "查明事实", "Finding": "事实", "Stance": "对投诉", "Grade": "证据等级", "Proof": "依据", "Bill": "账单",
    "Item": "项目", "Quantity": "数量", "Price": "单价", "Amount": "金额", "Expected": "应收", "Charged": "实收",
    "Remedies": "处理建议", "Decided by a person": "人工裁定", "instead of": "原结论", "What changed": "变化",
    "Thread": "处理过程", "Frames": "报文", "Time": "时间", "Direction": "方向", "Frame": "报文内容", "Hash": "哈希",
    "Readings": "电表读数", "Energy": "电量", "Power": "功率", "Checksum": "校验值", "Transaction": "订单",
    "none": "无", "Why": "判定步骤", "Attachments": "附件", "Station of the session": "实际充电桩", "Note": "说明",
    "supports": "支持", "contradicts": "不支持", "inconclusive": "无法判定", "upheld": "成立",
    "partly_upheld": "部分成立", "not_upheld": "不成立", "station": "充电桩", "vehicle": "车辆", "customer": "用户",
    "network": "网络", "backoffice": "运营平台", "payment": "支付", "grid": "电网", "site": "场站",
    "third_party": "第三方", "unknown": "不明", "received": "收到", "sent": "发出", "connected": "上线",
    "disconnected": "断线", "All times in": "时间均为",
}


def page(dossier: Dossier, language: str, zone: str = "Asia/Shanghai") -> str:
    """`language`: zh-Hans, zh-Hant or en."""
    newest = dossier.newest
    return _template().render(
        d=dossier, case=dossier.case, newest=newest, judged=newest.judgement if newest else None,
        story=dossier.story, lang=language, t=lambda word: _word(word, language),
        said=lambda words: _said(words, language), at=lambda moment: _time(moment, zone), zone=zone,
    )


def _word(word: str, language: str) -> str:
    if language == "en":
        return word.replace("_", " ")
    zh = WORDS.get(word, word)
    return traditional(zh) if language == "zh-Hant" else zh


def _said(words: Mapping[str, str] | None, language: str) -> str:
    if not words:
        return ""
    if language == "en":
        return words["en"]
    return words["zh"] if language == "zh-Hans" else words.get("zh-Hant") or traditional(words["zh"])


def _time(moment: Any, zone: str) -> str:
    if moment is None:
        return ""
    at = moment if isinstance(moment, datetime) else parse_time(str(moment))
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


@lru_cache(maxsize=1)
def _template() -> Template:
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.from_string(resources.files("complaints.export").joinpath("page.html").read_text("utf-8"))
