"""Topics of complaints with their category and department, and the level their words call for."""

from __future__ import annotations

import re

CATEGORIES = {
    "equipment": (
        "cannot_start stopped_early slow connector_stuck cannot_insert screen_or_reader station_down status_wrong"
        " damaged cannot_stop safety"
    ).split(),
    "payment": (
        "charged_no_energy start_failed_charged overcharged double_charged hold_not_released idle_fee wrong_tariff"
        " not_my_session energy_too_high discount_missing refund_missing invoice"
    ).split(),
    "service": "attitude no_answer slow_handling".split(),
    "environment": "bay_blocked site_closed dirty_or_dark parking_fee noise".split(),
    "other": "suggestion account privacy fraud car_damage other".split(),
}
TOPICS = tuple(topic for topics in CATEGORIES.values() for topic in topics)
CATEGORY_OF = {topic: category for category, topics in CATEGORIES.items() for topic in topics}

DEPARTMENTS = {
    "equipment": "maintenance",
    "payment": "finance",
    "service": "customer_relations",
    "environment": "site_operations",
    "other": "customer_relations",
}
DEPARTMENT_OF = {topic: DEPARTMENTS[category] for topic, category in CATEGORY_OF.items()} | {
    "account": "tech_support",
    "privacy": "legal",
    "car_damage": "legal",
    "fraud": "legal",
}

USUALLY_3 = frozenset(("invoice", "attitude", "dirty_or_dark", "noise", "suggestion", "other"))
"""General matters; level 2 when money is lost, help was refused or someone was abused."""

REMARK_IS_3 = frozenset(
    ("bay_blocked", "site_closed", "account", "status_wrong", "parking_fee", "privacy", "fraud", "damaged",
     "screen_or_reader")
)  # fmt: skip
"""Level 2; a mere remark or question, or a flaw that keeps nobody from charging, is 3."""

ABUSED = re.compile(
    r"骂|脏话|粗口|辱|推搡|动手|打人|打我|威胁|吼|滚(?!烫|动)|挂(了|断)?(我|掉)?(的)?电话|电话挂|拒绝(帮|处理|受理|提供)|歧视|拍我|恐吓|人身|拉黑"
    r"|\b(swore|sworn|swear\w*|curs(ed|ing)|insult\w*|threat\w*|push\w*|shov\w*|hung up|hang(s|ing)? up|put the phone down"
    r"|refus\w+|abus\w+|assault\w*|racist|racial\w*|sexist|spat|grabbed|slurs?|harass\w*|scream\w*|yell\w*|shouted at)\b"
)
LOST_MONEY = re.compile(
    r"自己贴钱|贴钱|我亏|损失|不给报|少(开|报)?[^,.]{0,3}\d+(块|元)|金额比[^,.]{0,6}少|赔(了|钱)"
    r"|\b(out of pocket|lost money|los(e|ing|t) \W?\d+|reimburses? less|cost(s|ing)? me|i lose|we lose)\b"
)
REMARK = re.compile(
    r"^(请问|想问|问下|咨询|怎么|如何|为什么|为何)|请问|请教|想(查|问|了解|删除|注销)|怎么(改|换|修改|注销|更换|删除|办理)|如何(改|换|修改|注销|更换|删除)|能否告知"
    r"|建议|希望(今后|以后|改进|更新|能)|(麻烦|请)(改|更新|修正|修改)一?下?|请(更新|修正|改正)|算法|不准,|是不是(真|骗|诈骗)|是(真|骗)的吗|定位[^,.]{0,8}(偏|错)"
    r"|\b(how (do|can|could|to|would)|could you (please )?(correct|update|change|fix|move)|please (update|correct|amend|change)|can you (move|correct|update)"
    r"|is (this|it|that|parking|there)\b.{0,60}\?|just (so you know|to let you know|letting you know)|do you|when will|i('d| would) like to know|legit|genuine)"
)
DATA_REQUEST = re.compile(
    r"(删除|查|调取|导出|提供|撤回|复制|更正)[^,.]{0,10}(个人)?(资料|信息|数据|同意|授权)|为什么要?[^,.]{0,8}(授权|权限|人脸|定位|通讯录|身份证)|权限(太|过)|保存了我|储存了我|存了我哪些"
    r"|\b(gdpr|data access|subject access|copy of (all )?(my|the) data|delet\w+|erase|erasure|what (data|information)|withdraw|object to|why (do|does)\b.{0,40}(need|require|want|ask)|unsubscribe|data protection)\b"
)
STILL_WORKS = re.compile(
    r"能充是能充|(还|也|仍|照样|都|但|可以)(能|可以)(正常)?(充|用)|能充电?[,.]|能用,|不影响|功能(都|均)?正常|(不耽误|没耽误)(充|使用)|但(是)?(可以|能)充|可以充[,.]?$|还能充|就是(难看|费眼|破旧|不好看)"
    r"|\b((still|it|it all|otherwise) (charges|works|functions)|works (for now|fine|ok|though)|charges (all right|fine|ok|anyway)|still (usable|working|functional|charging)|usable|cosmetic|just (so you know|letting you know))\b"
)
MINOR = re.compile(r"掉漆|划痕|防尘盖|保护盖|枪套|贴纸|枪座(也)?松|挂钩|scratch|graffiti|paint|badge|dust cap|holster")
OUT_OF_USE = re.compile(
    r"(无法|不能|没法|不可)(使用|充|再用)|用不了|充不了|看不到|扫不|读不|认不|停运|失灵|黑屏|没反应|偷|剪"
    r"|\b(unusable|can't|cannot|not usable|unable|dead|stolen|smashed|out of (order|service)|won't|do(es)? nothing)\b"
)
WHOLE_SITE = re.compile(
    r"(全|整个?)(个)?(充电)?站|全部(充电)?(桩|停电|离线|没电|当机|瘫痪|趴窝|断电)|(所有|全部)的?(充电)?[桩枪]|[桩枪](全|都)(部)?(停|离|坏|没|灭|黑|断|不能|无法|用不)"
    r"|大面积|([两二三四五六七八九十]|\d+)(来|多|几)?[台支根个把](充电)?[桩枪](全|都|皆|全部|一起|均|同时)|[台支][^,.]{0,6}坏了[^,.]{0,3}[台支],剩|几百户|全部没电|全都|一个能用的都没"
    r"|\b(whole|entire|complete) (site|hub|station|car park|location|place|row)|\ball (of )?(the |your |our )?(\w+ )?(posts|chargers|units|bays|stalls|charging points|connectors|points|dispensers)|every (single )?(charger|unit|bay|post|stall)|none of (the|your)( \w+)? (chargers|units|posts|bays|stalls|points)|site is down|hub is d\w+|total(ly)? (outage|blackout)|site-?wide"
)
MANY_WAIT = re.compile(
    r"([一二两三四五六七八九十几]|\d)+(多|几|来)?(辆|台)[^,.]{0,6}车|几百|上百|数十|排(了|着|起)?(长|大|九|十|好)|大排长龙|塞满|堵|都(急|等)|大家|瘫痪|大家怎么|司机都|车队|乱成"
    r"|\b((dozens?|hundreds|\w+teen|twenty|thirty|\d\d+|many|lots) (of )?(\w+ )?(cars|drivers|people|vehicles|taxis|users)|cars (waiting|queu\w+)|queue|everyone|everybody|stranded|stuck|long line|nobody can|(ten|twelve|six|eight|\d+) (bays|posts|chargers|units|stalls))\b"
)
SERIES = re.compile(
    r"(连着|多个|好几|几个|整排|所有|全部|每[台根个]|([三四五六七八九十]|\d+)(来|多)?[台根个])[^,.]{0,8}(桩|站|码|收款码|二维码|付款码)|(很多|多|好几|三|四|五|[六七八九十])(家|人|位|个人)[^,.]{0,4}(中招|受骗|被骗|上当|受害)|中招"
    r"|\b(every|all|several|multiple|many|series|at least (\w+)) [^.]{0,30}(chargers?|sites|stickers?|codes|posts|units|stations|stops)|several victims|many (victims|people|drivers)|people are (losing|being)"
)
MASS_LEAK = re.compile(
    r"(几千|上千|上万|数千|数万|大量|所有|全部|全体|任何|\d{4,})(个|名|位|条)?(的)?(用户|人|客户|车主|会员)|所有人|就能(查|看)到(对方|别人|他人|所有)|任意|随便(输|查|改)[^,.]{0,10}(看|查)|数据库|全网"
    r"|\b(every|all|thousands?|hundreds|database|anyone('s| can| else'?s?)|any (customer|user|driver)|everyone('s)?|everybody('s)?|mass)\b.{0,50}(customer|user|driver|data|details|download|history|charging|address|records|sessions|names)"
)


def level_of(topic: str, text: str) -> int:
    """1 danger or many affected, 2 service failed or money lost, 3 general matters (plain text expected)."""
    if topic == "safety" or many_affected(topic, text):
        return 1
    if topic in USUALLY_3:
        return 2 if ABUSED.search(text) or LOST_MONEY.search(text) else 3
    if topic == "privacy" and DATA_REQUEST.search(text):
        return 3
    if topic in ("damaged", "screen_or_reader"):
        return 3 if STILL_WORKS.search(text) or (MINOR.search(text) and not OUT_OF_USE.search(text)) else 2
    if topic in REMARK_IS_3 and REMARK.search(text) and not FAILED.search(text):
        return 3
    return 2


FAILED = re.compile(
    r"白跑|绕路|绕(了)?[^,.]{0,3}(公里|分钟)|结果|退还|照收|还是收|投诉|登不|收不到|无法|不能|没法|害我|耽误|怎么办|被骗|损失|协调|挪"
    r"|\b(refund|can't|cannot|unable|wasted|stranded|had to|couldn't|lost|was charged|reality|nobody)\b"
)


def many_affected(topic: str, text: str) -> bool:
    match topic:
        case "station_down":
            return bool(WHOLE_SITE.search(text)) or bool(MANY_WAIT.search(text) and SEVERAL_DOWN.search(text))
        case "fraud":
            return bool(SERIES.search(text))
        case "privacy":
            return bool(MASS_LEAK.search(text)) and not DATA_REQUEST.search(text)
        case _:
            return False


SEVERAL_DOWN = re.compile(r"[两三四五六七八九十\d]台[^,.]{0,10}(坏|停|离线)|都(不能|没电|充不了)|\b(chargers|posts|bays|units)\b")
