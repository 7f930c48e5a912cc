"""The hotline's guided questions: what to ask for each topic, in the customer's language, and into which field it goes.

Calm comes first, then the matter: every topic begins with an opening sentence. Data, no behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from complaints.intake.classify.topics import CATEGORY_OF


@dataclass(frozen=True, slots=True)
class Question:
    field: str
    """The field of POST /complaints that the answer goes into."""
    en: str
    zh: str
    needed: bool = False


OPENING = {
    "en": "I am sorry that this happened to you. Please tell me in your own words; I write it down as you say it.",
    "zh": "很抱歉给您带来不便。请您慢慢说，我会按您的原话记录下来。",
}
DANGER = {
    "en": "Please stay away from the charger and do not touch plug or cable. Is anybody hurt?",
    "zh": "请先远离充电桩，不要触碰充电枪和电缆。有人受伤吗？",
}
CLOSING = {
    "en": "I read it back to you: is that right? Your number is {number}; you will hear from us by {due}.",
    "zh": "我复述一遍，请您确认是否准确。您的编号是 {number}，我们将在 {due} 之前答复您。",
}

WORDS = Question("text", "What happened?", "发生了什么？", needed=True)
WHERE = Question(
    "station", "Which charger is it? The number stands below the QR code.", "是哪个充电桩？编号在二维码下方。",
    needed=True,
)
PLUG = Question("evse", "Which plug, left or right?", "是哪个枪，左边还是右边？")
WHEN = Question("occurred_at", "When was it?", "大概什么时候？", needed=True)
ORDER = Question("order", "What is the order number in your app or on the slip?",
                 "订单号是多少？App 或小票上可以看到。")
PAID = Question("amount_disputed", "How much was taken?", "扣了多少钱？")
PAYMENT = Question("payment_reference", "What is the payment number in WeChat, Alipay or at your bank?",
                   "微信、支付宝或银行的支付单号是多少？")
PHONE = Question("customer.phone", "At which number can we reach you?", "您的联系电话是多少？", needed=True)
PLATE = Question("customer.plate", "What is your plate number?", "车牌号是多少？")
TOKEN = Question("customer.token", "Which card or account did you charge with?", "您用哪张卡或哪个账号充电？")
WISH = Question("expectation", "What would settle it for you?", "您希望我们怎么处理？", needed=True)
CODE = Question("text", "Does the screen show an error code?", "屏幕上有没有故障代码？")
ONLY_ONE = Question("text", "Do the other plugs work?", "旁边的枪能用吗？")
MAIL = Question("customer.email", "To which address do we send it?", "发票发到哪个邮箱？", needed=True)
ENDED = Question("text", "Is the session ended in your app?", "App 里充电是否已经结束？")
WHO = Question("text", "Whom did you speak with, and when?", "您和哪位工作人员沟通的，什么时候？")

BY_CATEGORY: Mapping[str, tuple[Question, ...]] = {
    "equipment": (WORDS, WHERE, PLUG, WHEN, CODE, ONLY_ONE, PLATE, PHONE, WISH),
    "payment": (WORDS, WHERE, WHEN, PAID, ORDER, PAYMENT, TOKEN, PHONE, WISH),
    "service": (WORDS, WHEN, WHO, PHONE, WISH),
    "environment": (WORDS, WHERE, WHEN, PHONE, WISH),
    "other": (WORDS, PHONE, WISH),
}
BY_TOPIC: Mapping[str, tuple[Question, ...]] = {
    "safety": (WORDS, WHERE, PLUG, PHONE),
    "invoice": (WORDS, ORDER, MAIL),
    "suggestion": (WORDS,),
    "connector_stuck": (WHERE, PLUG, ENDED, PHONE),
}


def guide(topic: str) -> dict[str, Any]:
    """What an agent asks, in order. `other` for a topic that is not known."""
    category = CATEGORY_OF.get(topic, "other")
    asked = BY_TOPIC.get(topic) or BY_CATEGORY[category]
    return {
        "topic": topic, "category": category, "opening": DANGER if topic == "safety" else OPENING, "closing": CLOSING,
        "questions": [{"field": q.field, "en": q.en, "zh": q.zh, "needed": q.needed} for q in asked],
    }


def missing(topic: str, given: Mapping[str, Any]) -> list[str]:
    """Needed fields that nobody has answered yet: the case is taken all the same and asks for them."""
    def has(field: str) -> bool:
        outer, _, inner = field.partition(".")
        value = given.get(outer)
        return bool(value.get(inner)) if inner and isinstance(value, Mapping) else bool(value)

    return [q["field"] for q in guide(topic)["questions"] if q["needed"] and not has(q["field"])]
