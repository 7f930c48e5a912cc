"""Complaints are classified by their words: danger before all else, then topic, level and the reasons."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from complaints.intake.classify import (
    CATEGORY_OF,
    DEPARTMENT_OF,
    SHIPPED,
    TOPICS,
    Classifier,
    classify,
    language_of,
    training,
)

DANGEROUS = """
桩体后面一直冒烟，味道很呛
充电枪着火了，已经报警
插枪瞬间有电弧，啪地一下
摸了一下充电桩外壳，被电了
手一碰金属把手就发麻
枪线绝缘破了，里面铜丝露出来了
枪头烫得握不住，塑料都熔了
充电桩泡在水里，灯还亮着
配电箱的门敞着，孩子能摸到里面
我妈被线绊倒，膝盖流血了
桩快倒了，会砸到路人
按了急停没用，还在继续充
闻到焦味，不知道是不是漏电
不断冒出火花，没人敢靠近
差点着火，幸好拔得快
退款先不说了，你们的桩漏电
車子充電時冒煙，已通知消防
觸碰外殼會麻，疑似漏電
支槍好燙手，個頭熔咗
電線裸露在外，小朋友常在旁邊玩
There is smoke coming out of your unit
My connector caught fire last night
I received an electric shock from the handle
My fingers tingled when I grabbed the plug
Sparks flew as I unplugged
The casing is live, I measured it
Bare wires are hanging out of the post
The handle was too hot to hold
The plug has melted into the inlet
It smells of burning plastic in there
Water is dripping into the socket and it's still on
A boy tripped over the cable and broke his wrist
The emergency stop button does nothing
The post is leaning and about to fall on the pavement
There was a loud bang and the lights went out
Not only does it smoke, nobody answers either
I don't know whether it is dangerous but the cable is smoking
Forget the bill: the charger gave me a shock
""".strip().splitlines()

ONLY_SOUNDS_SO = """
充一次电跟烧钱似的
看了账单我火大得很
客服火气真大
火速处理我的退款
这个价格把我电到了，一度三块
灭火器把车位占了
消防检查，站里封了两天
打火机忘在站里了
气得我头顶冒烟，枪就是拔不出来
手都冻麻了也没拔下来
麻烦尽快退款
排队排到腿麻了
站里爆满，一个空位没有
抢到的爆款券用不了
短信轰炸没完没了
没有冒烟没有异味，就是慢
不烫也没打火，充到一半停了
桩壳裂了，没有漏电，能用
没闻到焦味，也没看到火花，就是启动不了
车上带电脑办公，结果充不了
烟头满地没人扫
建议站里配灭火器
充電站火爆，排隊兩小時
沒有燒焦味，只是風扇很吵
I was shocked by the price
What a shock when I opened the bill
Fire the staff at that site
You should fire your agent
Your hotline never answers
Burning through money at this rate
This charger burned a hole in my pocket
It was a hot day and the app did not work
The fire lane is blocked by your customers
We had a fire drill and the gate stayed shut
People smoking all around the bays
No smoking sign is missing, please add one
No smoke, no smell, it just charges slowly
There were no sparks or heat, it simply stopped
My Chevy Spark will not start charging
I tripped the meter on my patience, still no refund
I nearly exploded when I read the invoice
To add insult to injury, parking was not free
You leaked my data to a third party
My battery fell to 3% because the charger was offline
The live map shows the wrong status
The only thing that got zapped was my wallet
I live in the street and the fans keep me awake
""".strip().splitlines()


@pytest.mark.parametrize("text", DANGEROUS)
def test_words_of_danger_force_safety_and_level_1(text: str) -> None:
    answer = classify(text)
    assert (answer.danger, answer.topic, answer.category, answer.level) == (True, "safety", "equipment", 1)


@pytest.mark.parametrize("text", ONLY_SOUNDS_SO)
def test_words_that_only_sound_dangerous_do_not(text: str) -> None:
    answer = classify(text)
    assert not answer.danger
    assert answer.topic != "safety"
    assert "safety" not in dict(answer.alternatives)


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("扫码扣了二十块，一度电都没充进去", {"charged_no_energy"}),
        ("付款成功后提示启动失败，钱没退", {"start_failed_charged"}),
        ("充到一半自己停了，桩显示故障", {"stopped_early"}),
        ("枪拔不下来，锁住了", {"connector_stuck"}),
        ("同一笔订单扣了两次钱", {"double_charged"}),
        ("预授权一周了还没解冻", {"hold_not_released"}),
        ("超时占位费不合理", {"idle_fee"}),
        ("油车占着充电车位", {"bay_blocked"}),
        ("發票統編打錯了，請重開", {"invoice"}),
        ("客服態度很差", {"attitude"}),
        ("張信用卡俾你哋凍結咗一百五，到而家都未放返", {"hold_not_released"}),
        ("I was charged twice for one session", {"double_charged"}),
        ("The plug is stuck in my car and won't release", {"connector_stuck"}),
        ("Your app says available but all bays were taken", {"status_wrong"}),
        ("I still have not received the refund you promised", {"refund_missing"}),
        ("Someone put a fake QR code on the charger", {"fraud"}),
        ("I can't log in to my account", {"account"}),
    ],
)
def test_plain_complaints_find_their_topic(text: str, topics: set[str]) -> None:
    answer = classify(text)
    assert answer.topic in topics
    assert answer.category == CATEGORY_OF[answer.topic]
    assert answer.department == DEPARTMENT_OF[answer.topic]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("发票抬头写错了，请重开", 3),
        ("保安骂我，还推搡我", 2),
        ("客服态度很差", 3),
        ("风扇太吵睡不着", 3),
        ("整个站所有桩全部停电，几十辆车在等", 1),
        ("3号桩坏了", 2),
        ("桩上贴了张假二维码，我被骗了三百", 2),
        ("所有站的二维码都被人换了，很多人受骗", 1),
        ("屏幕有条线，不影响充电", 3),
        ("屏幕黑屏，什么都看不到", 2),
        ("请删除我的个人资料", 3),
        ("Please delete my personal data", 3),
        ("How do I change the email of my account?", 3),
        ("I can't log in to my account", 2),
        ("All the chargers at this site are down, dozens of cars are waiting", 1),
        ("The cover is scratched, it still charges fine", 3),
    ],
)
def test_the_level_follows_the_contract(text: str, level: int) -> None:
    assert classify(text).level == level


def test_departments_follow_the_contract_with_its_exceptions() -> None:
    assert DEPARTMENT_OF["account"] == "tech_support"
    assert {DEPARTMENT_OF[topic] for topic in ("privacy", "fraud", "car_damage")} == {"legal"}
    assert {DEPARTMENT_OF[topic] for topic in ("suggestion", "other", "attitude")} == {"customer_relations"}
    assert {DEPARTMENT_OF[t] for t in TOPICS if CATEGORY_OF[t] == "environment"} == {"site_operations"}
    assert len(TOPICS) == len(set(TOPICS)) == 37


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("充电桩坏了", "zh-Hans"),
        ("充電樁壞了", "zh-Hant"),
        ("部機用唔到", "zh-Hant"),
        ("App 按了没反应", "zh-Hans"),
        ("The charger is broken", "en"),
        ("Screen says 请拔枪 and nothing happens at all here", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_found(text: str, language: str) -> None:
    assert language_of(text) == language
    assert classify(text).language == language


def test_a_language_that_is_known_is_kept() -> None:
    assert classify("OK", language="zh-Hant").language == "zh-Hant"
    assert classify("充电桩坏了", language="fr").language == "zh-Hans"


def test_reasons_are_words_of_the_text_itself() -> None:
    for text in ("掃碼付了錢，一度電都沒充進去，請退費", "Charged me twice for a single visit, please refund one"):
        answer = classify(text)
        assert answer.because
        assert all(reason in text for reason in answer.because)
    assert "被電" in "".join(classify("摸到外殼被電到").because)


def test_traditional_and_simplified_words_mean_the_same() -> None:
    hant, hans = classify("充電樁螢幕黑屏，無法操作"), classify("充电桩屏幕黑屏，无法操作")
    assert hant.topic == hans.topic == "screen_or_reader"


def test_odd_texts_get_an_answer_too() -> None:
    for text in ("", "   ", "？？？", "🔌🔌🔌", "x" * 50_000, "12345", "\x00"):
        answer = classify(text)
        assert answer.topic in TOPICS
        assert 0 <= answer.confidence <= 1
        assert len(answer.alternatives) >= 3


def test_the_same_words_get_the_same_answer() -> None:
    assert classify("充电慢，功率只有二十千瓦") == classify("充电慢，功率只有二十千瓦")


def test_an_answer_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        classify("在吗").topic = "safety"  # type: ignore[misc]


def test_the_shipped_model_was_trained_from_the_data_beside_it() -> None:
    fingerprint = training.fingerprint(training.LABELLED, training.OWN)
    trained_from = Classifier.load(SHIPPED).model.notes["fingerprint"]
    assert trained_from == fingerprint, "run: python -m complaints.intake.classify train"


def test_labelled_and_own_texts_are_well_formed_and_apart() -> None:
    labelled, own = training.rows(training.LABELLED, "labelled"), training.rows(training.OWN, "own")
    assert not {row.text for row in labelled} & {row.text for row in own}
    assert {row.topic for row in own} == set(TOPICS)


def test_a_correction_of_the_desk_is_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = [row for i, row in enumerate(training.rows(training.OWN, "own")) if i % 8 == 0]
    monkeypatch.setattr(training, "rows", lambda path, source: corrected(path) if source == "correction" else few)
    text = "The flux capacitor of the wibble post is wobbly"
    corrections = tmp_path / "desk.jsonl"
    corrections.write_text(json.dumps({"text": text, "language": "en", "topic": "noise", "level": 3}) + "\n", "utf-8")
    out = tmp_path / "topics.npz"
    training.train(corrections).save(out)
    assert Classifier.load(out).classify(text).topic == "noise"


def corrected(path: Path) -> list[training.Row]:
    return [training.row(json.loads(line), "correction") for line in path.read_text("utf-8").splitlines()]


def test_a_label_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="not a labelled text"):
        training.row({"text": "x", "topic": "weather", "level": 2}, "correction")
