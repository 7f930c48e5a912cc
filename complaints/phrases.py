"""Sentences that the product itself says to a customer, in the language of the case."""

from __future__ import annotations

PHRASES: dict[str, dict[str, str]] = {
    "acknowledged": {
        "en": "We have received your complaint. Its number is {number}. We are looking into the station's records now.",
        "zh-Hans": "我们已收到您的投诉,编号为 {number}。我们正在核查充电桩的记录。",
        "zh-Hant": "我們已收到您的投訴,編號為 {number}。我們正在核查充電樁的記錄。",
    },
    "refund_sent": {
        "en": "A refund of {amount} {currency} has been sent to your bank or wallet. It usually arrives within "
              "5 to 10 working days.",
        "zh-Hans": "{amount} {currency} 的退款已提交至您的银行或钱包,通常 5 至 10 个工作日内到账。",
        "zh-Hant": "{amount} {currency} 的退款已提交至您的銀行或錢包,通常 5 至 10 個工作日內到帳。",
    },
    "hold_released": {
        "en": "The hold of {amount} {currency} has been released. Your bank may need some days to show it.",
        "zh-Hans": "{amount} {currency} 的预授权已解除,银行可能需要几天才会显示。",
        "zh-Hant": "{amount} {currency} 的預授權已解除,銀行可能需要幾天才會顯示。",
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
    "closed": {
        "en": "Your case {number} is closed. Thank you for telling us.",
        "zh-Hans": "您的投诉 {number} 已结案,感谢您的反馈。",
        "zh-Hant": "您的投訴 {number} 已結案,感謝您的反饋。",
    },
}


def say(situation: str, language: str, **values: str) -> str:
    """The sentence for a situation; English for a language we don't have."""
    words = PHRASES[situation]
    return words.get(language, words["en"]).format(**values)
