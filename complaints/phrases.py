"""Sentences that the product itself says to a customer, in the language of the case."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from complaints.chinese import traditional
from complaints.rules.words import CURRENCIES

PHRASES: dict[str, dict[str, str]] = {
    "acknowledged": {
        "en": "We have received your complaint. Its number is {number}. We are looking into the station's records now.",
        "zh-Hans": "我们已收到您的投诉，编号为 {number}。我们正在核查充电桩的记录。",
        "zh-Hant": "我們已收到您的投訴，編號為 {number}。我們正在核查充電樁的記錄。",
    },
    "refund_sent": {
        "en": "A refund of {amount} {currency} has been sent to your bank or wallet. It usually arrives within "
              "5 to 10 working days.",
        "zh-Hans": "{amount} {currency}的退款已提交至您的银行或钱包，通常 5 至 10 个工作日内到账。",
        "zh-Hant": "{amount} {currency}的退款已提交至您的銀行或錢包，通常 5 至 10 個工作日內到帳。",
    },
    "hold_released": {
        "en": "The hold of {amount} {currency} has been released. Your bank may need some days to show it.",
        "zh-Hans": "{amount} {currency}的预授权已解除，银行可能需要几天才会显示。",
        "zh-Hant": "{amount} {currency}的預授權已解除，銀行可能需要幾天才會顯示。",
    },
    "please_confirm": {
        "en": "Please tell us whether this settles your complaint.",
        "zh-Hans": "请告诉我们问题是否已经解决。",
        "zh-Hant": "請告訴我們問題是否已經解決。",
    },
    "second_review": {
        "en": "We are sorry that our answer did not settle it. Someone else will review your case from the start.",
        "zh-Hans": "很抱歉我们的答复没有解决您的问题。我们会安排另一位同事重新审核。",
        "zh-Hant": "很抱歉我們的答覆沒有解決您的問題。我們會安排另一位同事重新審核。",
    },
    "looked_again": {
        "en": "New records about your case have reached us. We have looked at it again and will tell you the result.",
        "zh-Hans": "我们收到了与您投诉有关的新记录，已重新核查，结果会告知您。",
        "zh-Hant": "我們收到了與您投訴有關的新記錄，已重新核查，結果會告知您。",
    },
    "closed": {
        "en": "Your case {number} is closed. Thank you for telling us.",
        "zh-Hans": "您的投诉 {number} 已结案，感谢您的反馈。",
        "zh-Hant": "您的投訴 {number} 已結案，感謝您的反饋。",
    },
}


PHRASES |= {
    "promise": {
        "en": "You will hear from us about {number} by {due}.",
        "zh-Hans": "我们将在 {due} 之前就投诉 {number} 答复您。",
        "zh-Hant": "我們將在 {due} 之前就投訴 {number} 答覆您。",
    },
    "external": {
        "en": "Your case {number} is now with {body}. We will tell you what comes of it.",
        "zh-Hans": "您的投诉 {number} 已转交 {body} 处理，有结果我们会告诉您。",
        "zh-Hant": "您的投訴 {number} 已轉交 {body} 處理，有結果我們會告訴您。",
    },
    "merged": {
        "en": "You had told us of this already: {number} goes on together with {other}. Nothing you wrote is lost.",
        "zh-Hans": "此事您已反映过：{number} 与 {other} 合并处理，您写过的内容都会保留。",
        "zh-Hant": "此事您已反映過：{number} 與 {other} 合併處理，您寫過的內容都會保留。",
    },
    "remind_confirm": {
        "en": "We have answered your complaint {number}. Please tell us whether that settles it. Without a word from "
              "you we take it that you accept the answer.",
        "zh-Hans": "我们已答复您的投诉 {number}，请告诉我们是否已经解决。如未收到您的回复，我们将视为您接受处理结果。",
        "zh-Hant": "我們已答覆您的投訴 {number}，請告訴我們是否已經解決。如未收到您的回覆，我們將視為您接受處理結果。",
    },
    "progress": {
        "en": "We are still working on {number}. You will have our answer by {due}.",
        "zh-Hans": "您的投诉 {number} 仍在处理中，我们将在 {due} 之前答复您。",
        "zh-Hant": "您的投訴 {number} 仍在處理中，我們將在 {due} 之前答覆您。",
    },
    "investigating": {
        "en": "Someone is looking into {number} now. You will have our answer by {due}.",
        "zh-Hans": "您的投诉 {number} 已有专人处理，我们将在 {due} 之前答复您。",
        "zh-Hant": "您的投訴 {number} 已有專人處理，我們將在 {due} 之前答覆您。",
    },
    "approving": {
        "en": "A solution for {number} has been proposed. It needs an approval, which usually takes {takes}.",
        "zh-Hans": "您的投诉 {number} 已有处理方案，正在等待审批，通常需要 {takes}。",
        "zh-Hant": "您的投訴 {number} 已有處理方案，正在等待審批，通常需要 {takes}。",
    },
    "executing": {
        "en": "What was decided on {number} is being carried out now.",
        "zh-Hans": "您的投诉 {number} 的处理方案正在执行。",
        "zh-Hant": "您的投訴 {number} 的處理方案正在執行。",
    },
    "declined": {
        "en": "The proposal for {number} was not approved. We are looking for another way; you will hear by {due}.",
        "zh-Hans": "您的投诉 {number} 的方案未获批准，我们正在另寻办法，将在 {due} 之前告知您。",
        "zh-Hant": "您的投訴 {number} 的方案未獲批准，我們正在另尋辦法，將在 {due} 之前告知您。",
    },
    "withdrawn": {
        "en": "As you asked, we do no more about {number}. Write to us if that changes.",
        "zh-Hans": "已按您的要求停止处理投诉 {number}。如有变化请随时告诉我们。",
        "zh-Hant": "已按您的要求停止處理投訴 {number}。如有變化請隨時告訴我們。",
    },
    "taken_up_again": {
        "en": "We are working on {number} again. You will have our answer by {due}.",
        "zh-Hans": "您的投诉 {number} 已恢复处理，我们将在 {due} 之前答复您。",
        "zh-Hant": "您的投訴 {number} 已恢復處理，我們將在 {due} 之前答覆您。",
    },
    "unmerged": {
        "en": "We treat {number} as a matter of its own again. You will have our answer by {due}.",
        "zh-Hans": "您的投诉 {number} 已恢复单独处理，我们将在 {due} 之前答复您。",
        "zh-Hant": "您的投訴 {number} 已恢復單獨處理，我們將在 {due} 之前答覆您。",
    },
    "coupon": {
        "en": "For {number} you get a coupon of {amount} {currency}: {code}",
        "zh-Hans": "就投诉 {number}，我们赠送您 {amount} {currency}优惠券，券码：{code}",
        "zh-Hant": "就投訴 {number}，我們贈送您 {amount} {currency}優惠券，券碼：{code}",
    },
    "waive_fee": {
        "en": "We waive {amount} {currency} for {number}. You need not pay it.",
        "zh-Hans": "就投诉 {number}，我们免除 {amount} {currency}的费用，您无需支付。",
        "zh-Hant": "就投訴 {number}，我們免除 {amount} {currency}的費用，您無需支付。",
    },
    "survey": {
        "en": "How did we handle {number}? One to five stars on your case's page help us to do better.",
        "zh-Hans": "您对投诉 {number} 的处理满意吗？请在进度页面为我们打 1 至 5 分。",
        "zh-Hant": "您對投訴 {number} 的處理滿意嗎？請在進度頁面為我們打 1 至 5 分。",
    },
    "decided": {
        "en": "We have finished our look into {number}. You will hear the result by {due}.",
        "zh-Hans": "您的投诉 {number} 已调查完毕，我们将在 {due} 之前告知您结果。",
        "zh-Hant": "您的投訴 {number} 已調查完畢，我們將在 {due} 之前告知您結果。",
    },
}
"""By situation and language. What is between braces is filled in from the case."""

UNITS: dict[str, dict[str, str]] = {
    "en": {"minutes": "minutes", "hours": "hours", "days": "days", "working_hours": "working hours",
           "working_days": "working day(s)"},
    "zh-Hans": {"minutes": "分钟", "hours": "小时", "days": "天", "working_hours": "个工作小时",
                "working_days": "个工作日"},
    "zh-Hant": {"minutes": "分鐘", "hours": "小時", "days": "天", "working_hours": "個工作小時",
                "working_days": "個工作日"},
}


def moment(at: datetime, zone: str | None) -> str:
    """A time as the customer reads his own clock."""
    return f"{at.astimezone(ZoneInfo(zone or 'UTC')):%Y-%m-%d %H:%M}"


def length(amount: int, unit: str, language: str) -> str:
    return f"{amount} {UNITS.get(language, UNITS['en'])[unit]}"


def say(situation: str, language: str, **values: str) -> str:
    """The sentence for a situation; English for a language we don't have."""
    words = PHRASES[situation]
    if "currency" in values:
        values["currency"] = currency(values["currency"], language)
    return words.get(language, words["en"]).format(**values)


def currency(code: str, language: str) -> str:
    """As it is said; by its code in English."""
    if language not in ("zh-Hans", "zh-Hant"):
        return code
    name = CURRENCIES.get(code, code)
    return traditional(name) if language == "zh-Hant" else name
