"""Words of danger: what makes a complaint a matter of safety whatever else it says, and what only sounds like it.

The text is read in four steps: phrases that only sound dangerous are blanked out ("烧钱", "price shock"); signs
are looked up; signs said not to be there are dropped ("没有冒烟", "no smoke or sparks"); what is left is weighed.
One strong sign is enough, two weak ones of different kinds make a strong one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

STRONG, WEAK = 2, 1

LOOKALIKES = re.compile(
    "|".join(
        (
            # anger, haste and popularity
            r"火(大|速|急|爆|候|车|锅|箭|气|冒三丈|了我)|(恼|发|上|窝|光|怒|撒|来|动)火(?=得|死|了?[,.!?~]|$)|(我|人|客户)(都|就|真)?火了",
            r"心里?(直?冒|起|有|窝)火|火冒|怒火|冒火三丈|(急|气|慢|忙|渴|等)得?(我|人|她|他)?(都)?(要|快|直|头上|头顶|嗓子|七窍|满头)*(冒烟|生烟|起火|冒火)",
            r"(嗓子|喉咙|头顶|头上|七窍)(都|里|直|快|要)*(冒|生)烟",
            # money
            r"烧钱|烧.{0,3}钞票|烧(了|掉|我)?[^,.]{0,4}(块钱|元钱|银子|油|汽油)|(价格|价钱|电价|账单|费用|收费|这价|单价)[^,.]{0,8}(烫|电[到死晕]|触电|烫手|炸|爆|劈|吓|雷)",
            r"烫手山芋|烧脑|烧香|发烧友?|发高烧|高烧|烧烤|烧水|烧饭|烧菜|冷热|雷人|电(死|晕)我?(算了|得了)",
            # things of the fire service, smokers, lighters
            r"灭火器?|防火|消防\w?(车|栓|通道|检查|演[习练]|整改|证|验收|沙|箱|系统|设施|柜|员|器材)?|打火机|打火(?=不着|启动)|烟(味|头|灰|民|感|蒂|瘾)|(吸|抽|禁|戒|香|卷)烟|烟雾报警器?|烟感",
            # bursts that hurt nobody
            r"爆(满|款|单|仓|表|红|胎|料|粗口|棚|火|发|肝|卡)|轰炸|炸鸡|(气|肺|心态|脑[子袋]|头|群|打|挤|塞|电话|短信|血压|手机)[^,.]{0,4}(爆|炸)(了|掉|裂)?|(要|快|真)(气)?[炸爆]了|爆炸(性|新闻|多)|(价格|费用|数量|信息)爆炸",
            # numb without current, hot without fault
            r"(冻|冷|站|坐|蹲|等|累|拔|拎|举|酸)(得|到|的)?[^,.]{0,6}麻(了|木)?|麻(烦|将|利|木|辣|雀|袋)|(头皮|看|听)(得|都)?[^,.]{0,3}(发)?麻|肉麻|(人|我)(都)?麻了|密密麻麻|芝麻|(车|电池|手机|车机|太阳|天气?|天|夏天|座椅)[^,.]{0,3}(发烫|滚烫|烫手|过热|高温)(?=[^,.]{0,6}(晒|天|太阳|手机))|手机[^,.]{0,3}(发烫|很烫|烫)",
            r"带电(作业|脑|瓶车?|动|池|话|线|缆|源|卡|表|视|量|子)|(自|附|携|我|车)带电",
            r"摔(电话|门|手机|话筒|东西|鼠标)|受伤的心|心(很|都|好)?(受伤|流血|在滴血)|钱包[^,.]{0,3}(受伤|出血|流血)|大出血|伤(不起|心|感情|透)|(走路|跑)断腿|跌(价|倒谷底)",
            r"漏电(话|影)|化了妆|融化(的)?(雪|冰)|(雪|冰)[^,.]{0,3}(融化|化了)",
            # English: money, anger, dismissal
            r"(bill|price|sticker|rate|cost|tariff|wallet|rude|culture)[ -]?shock\w*|shock (price|bill|tariff|increase|hike|charge|fee)s?|shock(ed|ing)?,? (\w+ ){0,3}(bill|price|cost|rate|amount|receipt|total|statement|charge[sd]?|attitude|service|fee)s?\b|shock(ed)? (to (see|find|hear|learn|get|read|discover|receive)|at|that|when i (saw|opened|read|got|received|checked|looked))|shocked by (the|your|how|this|my)( \w+){0,2} (price|bill|cost|rate|attitude|fee|total|amount|charge|service|rudeness|size|increase|state|dirt|behaviou?r)\w*|shock of my life[^.!?]{0,12}(price|bill|cost|fee|charge|\d|euro|pound|dollar)\w*|(got|get|gets|had|quite) (a|the|an?)( \w+)? shock[^.!?]{0,40}(bill|price|cost|fee|euros?|pounds?|dollars?|statement|receipt|invoice|total|amount|£|€|\$)|shock(er|ing(ly)?)\b( (bad|poor|expensive|service|price|experience))?",
            r"(bill|statement|receipt|price|invoice|total|fee|charge|balance|cost)( \w+){0,4} (a|an|quite|real|nasty|huge|big|the|some)( \w+){0,3} shock|shock (on|of|over|from|in) (the|my|your|this|that|opening|seeing|reading)( \w+){0,2} (bill|statement|receipt|price|invoice|cost|total|amount)",
            r"burn(ed|t|ing|s)? (a hole|through|up (money|cash|with)|rubber|bridges|cash|money|my (money|cash|wallet|savings|time)|by|with (anger|rage|curiosity))|burn(ing|t|ed)?[ -]?(out|question|desire|issue)|heartburn|crash and burn|slow burn|back burner|money to burn|cash burn|burnt? (out|toast|coffee|food)",
            r"\bfire(d)? (him|her|them|the|that|your|whoever|this|these|those|everyone|everybody|all|someone|somebody|people|staff|me|an?)\b( (staff|agent|guy|man|woman|manager|employee|person|attendant|whole|team|lot|idiot|people|email|off|support|guard|mechanic|operator))*|fire (drill|lane|alarm|exting\w*|engine|station|door|escape|exit|hydrant|truck|inspection|sale|safety|officer|marshal|route|code|access|regulation|wall|works?|tv|stick|off|up the app)\w*|(get|be|been|was|got|should be|were) fired|rapid[ -]?fire|under fire|fire away|fires? off|campfire|firewall|fireworks?|fiery|set (the )?world on fire|hellfire|misfir\w+",
            r"no[ -]smoking|\bsmok(ing|ers?'?|e)[ -]?(area|ban|shelter|section|room|zone|sign|break|corner|alarm|detector|free|screen|and mirrors)|smokers?|\b(people|men|guys|drivers|staff|someone|somebody|attendants?|everybody|everyone|he|she|they|kids|teen\w*|customers?|workers?|i|we|ban|banned|stop|youths?|who|guard|technician|mechanic)( \w+){0,3} smok(e|es|ing|ed)\b|smok(e|es|ing|ed)( a| their| his| her)? (cigar\w*|weed|pipe)|cigarette smoke|chain smok\w+|smoke (up|coming out) (of )?my ears",
            r"(chevy|chevrolet|matiz|dodge) spark|spark (plug|joy|interest|ev)|sparkl\w*|bright spark|spark(s|ed|ing)? (a|an|the|anger|outrage|debate|joy|interest|discussion|some|my) ?(\w+)?",
            r"hot(line|el|els|spot|key|mail|shot|fix)\w*|hot (day|weather|summer|afternoon|morning|night|water|coffee|tea|drink|food|chocolate|deal|topic|spot|line|under the collar|sun|air|key|meal|potato|mess|seat|dog)s?|(day|weather|sun|outside|today|july|august|summer|coffee|climate|phone)( \w+){0,3} (is|was|so|very|too|really|got|gets)? ?hot\b|hot (outside|today|out there|out here|in (july|august|summer|here|the sun))|photo\w*|it('s| is| was) (a )?(\w+ )?hot (day|and sunny)",
            r"(head|brain|mind|phone|inbox|temper|i|i'm|costs?|prices?|nearly|almost|boss|wife|husband|about to) (\w+ ){0,3}(explod\w+|blow(s|ing|n)? up|blew up|burst into (flames|tears)|melt\w*)|burst into tears|meltdown|explo(ding|sive) (costs?|prices?|growth)|(prices?|costs?|bills?) (\w+ )?explo\w+|blow(n|ing)? (up|out) of proportion|bang (on time|out of order|for)|big bang|(snow|ice( cream)?|butter|chocolate)( \w+){0,3} melt\w*",
            r"insult to injury|injury to (my )?(wallet|pocket|pride)|hurt(s|ing)? (my|our|your|the|his|her) (wallet|feelings|pocket|bank|business|pride|trade|brand|budget|reputation|purse)|bleed(ing)?[ -]?(money|dry|edge|obvious|heart)|blood(y| pressure|( is| was)? boil\w*)|trip(ped)? (advisor|planner|home|meter|computer)",
            r"(live|living) (in|at|on|near|nearby|next|close|chat|agent|map|status|data|update\w*|support|availability|view|person|around|here|there|person|with|without|without)|(page|website|listing|offer|app|session|map|feature|campaign|service|go|went|going|goes) (is |was |now |still )*live\b|(data|privacy|information|details?|account|customer) (\w+ ){0,2}leak\w*|crackl\w+( \w+){0,4} (line|speaker|loudspeaker|phone|radio|intercom|connection)|(line|phone|intercom|speaker|call)( \w+){0,3} crackl\w+|prickly (tone|answer|agent|manner|attitude|reply)\w*|prick(s|ing)? up|leak(ed|ing|s)? (my|our|your|his|her|the|personal|customer|private)( \w+)? (data|details?|number|phone|information|address|name|email|plate)\w*|expos(ed|es|ing)( \w+){0,3} (data|details|address|information|name|email|number|identity|privacy)\w*|(zap|zapped|drain\w*)( \w+){0,3} (my )?(wallet|credit card|card|account|battery)|(got|that) zapped was my|over-?exposed|exposed to (the )?(rain|wind|weather|elements|sun)",
            r"(battery|range|price|charge|power|speed|rate|level|soc)( \w+){0,3} (fell|dropped|collapsed)|(fell|fallen|falls|falling) (to|asleep|through|behind|short|apart|out|in love|for)\b|system (is )?collapsed|collapsed (app|menu|in laughter)|flood(ed|ing)? (with|of|my|our)",
            r"(heart attack|killing (the|my|our|me|time)|to die for|dead(line|lock)|kill (my|the|this|that) (session|app|charge|time))",
        )
    )
)


@dataclass(frozen=True, slots=True)
class Sign:
    kind: str
    weight: int
    pattern: re.Pattern[str]


def sign(kind: str, weight: int, *patterns: str) -> Sign:
    return Sign(kind, weight, re.compile("|".join(patterns)))


THING = r"(桩|枪|插座|插头|插排|插孔|接口|充电[口座桩器柜箱棚头盒]|配电|电箱|电柜|机柜|箱体|柜体|柜子|箱子|设备|电缆|线缆|线)"
GAP = r"[^.;!?]"
ENGLISH_THING = (
    r"(unit|charger|connector|cabinet|plug|socket|post|box|gun|electrics|housing|handle|pedestal|inlet|outlet|station)"
)
TOUCHED = r"\b(touch\w*|handles?|plug\w*|unplug\w*|cable|metal|casing|case|post|connector|hand|fingers?|arm|pull\w*|grab\w*|wet|static|gun|charger|barrier|fence|door|unit|pole|pillar|socket|lead|nozzle|box|cabinet|ground|lean\w*)\b"
BODY = r"(arms?|wrist|legs?|ankle|hip|fingers?|foot|nose|hands?|elbow|shoulder|knees?|head|rib|palm|skin)"

SIGNS = (
    # fire and smoke
    sign("fire", STRONG,
         r"(着|起|失)火|火灾|火苗|火光|明火|冒(出|了|起|着)*(一?个|一?团|一?股|蓝|明|电|大|红)*火|火球|蓝火|烧起来|烧着|烧了?起来|燃烧|自燃|引燃|点着|烧了?(一|两|几|三|\d)+[辆台个]|(纸|棚子?|线|桩|枪|车|箱|柜|垫|草|电池|插座|插头)[^.,;!?]{0,6}(?<!睡)(?<!亮)着了(?!急)|烧毁|火势|窜火",
         r"\b(on|ca(ught|tch\w*)) fire\b|\b(an?|the|reports?|reported|electrical|is|was|small|serious|big) fire\b|\bfire (broke|started|in|at|under|inside|from|hazard|risk|brigade|department|service)|\bfire!|\bflam(es?|ing)\b|ablaze|in flames|burst into flame|\bfires\b|set (my|the|our|his|her) \w+ (on fire|alight)|ignit(ed|ing)|caught alight|went up in smoke"),
    sign("smoke", STRONG,
         r"冒(着|出|了|起|过)?(了)?(一?[股阵缕点丝些]|好大|浓|白|黑|青|蓝|大|滚滚|好多|很多|的)*烟|(浓|黑|白|青|滚滚|大)烟(?!囱)|烟雾|有烟(?!味)|出烟|冒(出|着|了)?(一?股|白|热|青|水)*气(?!泡)",
         r"\bsmok(e|ing|y|ed)\b|\bfumes\b|smou?lder\w*|\bsoot\w*"),
    sign("burning smell", STRONG,
         r"焦(糊|煳|臭|了)?的?味|(糊|煳)的?(塑料|胶皮)?味|烧焦|烤焦|焦臭|焦糊|焦煳|烧(糊|煳|化|熔)|臭氧味|臭鸡蛋|(塑料|橡胶|胶皮|电线|皮|线)[^.,]{0,3}(烧|融化|熔化|糊|焦)|烧[^.,;!?]{0,6}(味|气味)|(塑料|橡胶|胶皮)味",
         r"(burn(t|ing|ed)?|melting|acrid|scorch\w*|singed|charred|electrical|ozone|chemical|sulphur|fishy|rotten)[ -]?(\w+ ){0,2}(smells?|odou?r|stench|stink)|smell(s|ed|ing|t)?( \w+){0,3} (of|like)( \w+){0,3} (burn\w*|melt\w*|hot plastic|cook\w*|fish\w*|smoke|gas|ozone|rotten|sulphur|plastic|rubber|fire)|smell(s|ed|ing|t)? (burn\w*|plastic)|stinks? of (burn|melt)\w*|burning (plastic|rubber|wire|cable|insulation)|something('s| is| was)? burning"),
    sign("odd smell", WEAK, r"异味|怪味|刺鼻|刺激性", r"(strange|odd|weird|funny|horrible|bad|strong) (smell|odou?r)|hissing"),
    # current
    sign("sparks", STRONG,
         r"火花|火星|打火|拉弧|电弧|弧光|打着火|噼(里)?啪|(啪|尖端|对空|嗤)[^.,]{0,4}放电|放电(声|现象)|(冒|闪)(出|了)?(蓝|电)光|蓝光[^.,]{0,2}闪|电火",
         r"\bspark(s|ed|ing|y)?\b|\barc(ed|ing|s)\b|\belectric(al)? arc|crackl\w+|(blue|bright|big|white|loud) flash|flashover|flashed over"),
    sign("shock", STRONG,
         r"触电|触了?一下电|(?<!别)被[^.,;!?]{0,6}电(到|了|得|麻|着|击|一下|亲|倒|伤|疼|痛)|电击|电(到|了|得)(我|他|她|人|手|一下|手|孩子|两下|几下|发麻|直)|电(到|着|亲)(了|手|人|我|,|$)|电死|电(麻|伤|着人)|麻了?(一下|半天|好一会)|麻(手|感)|手[^.,;!?]{0,5}麻|(胳膊|手臂|手指|指尖|全身|半边|身上|浑身|身体)[^.,;!?]{0,6}(麻|刺痛)|发麻|麻麻|刺痛|扎手|(?<!充)过电|(摸|碰|外壳|壳|杆|螺丝|金属|把手|枪)[^.,;!?]{0,8}(有电|带电|麻)(?!话|量)|(?<!附)带电(?=[,.!?]|$|外|金|部|体|的|导|端|铜|呢|,|啊)|漏电|(是|真|确实|好像|应该|肯定|居然|竟然)有电(?!话|量|瓶|动|池|费|梯|影|吗|么)|(像|跟|有)[^.,]{0,3}(过|扎|刺)了?(了)?(电|针)|刺刺的|一阵一阵[^.,]{0,3}电|电得?弹|弹开|感应电|试电笔|电笔[^.,]{0,4}亮|跨步电压",
         r"electric(al)? (shock|current (through|in))|electrocut\w*|\btingl\w+|\b(shocks?|zaps?|zapped|jolt(s|ed)?)\b[^.!?]{0,45}" + TOUCHED + r"|" + TOUCHED + r"[^.!?]{0,45}\b(shocks?|zaps?|zapped|jolt(s|ed)?)\b|\b(gave|gives|give|giving) (me|him|her|my|us|people|customers|you)( \w+){0,2} (an?|another|little|static|small)?( \w+)? ?(shocks?|zap|jolt)\b|(static|mild|slight|little|nasty|sharp|proper|small|minor) (shocks?|zap|jolt)|(was|got|been|being|were|get) (\w+ )?(shocked|zapped)( \w+){0,5} (handle|connector|plug|cable|charger|metal|post|touch\w*|unit|casing|pole|gun|pulling|it|your)|shocks? (when|from|off|as|while|through)( \w+){0,4} (touch\w*|handle|plug\w*|unplug\w*|cable|metal|casing|connector|post|pull\w*|grab\w*|charger|unit|box|gun)|\bit shocked (me|him|her|us)|jolt (up|through|in)|(current|voltage|electricity)( \w+){0,2} (leak\w*|through (my|the|me|his|her)|in the (casing|body|metal))|leak\w* (current|electricity|voltage)|earth leakage|pins and needles|prick(s|ing|les|ling|ly)\b|(buzz|current|something|electricity|sensation|jolt) (run|ran|go|went|going|running|shoot|shot)?( \w+){0,2} ?(through|up|in|into) (my|his|her) (fingers?|hands?|arms?|body)|\b\d+ ?v(olts)?\b[^.!?]{0,30}(case|casing|metal|body|frame|post|touch\w*)|measured \d+ ?v(olts)?\b"),
    sign("live parts", STRONG,
         r"(铜[丝线芯皮排片]|电线|线芯|芯线|导线|导体|金属丝|火线|线头|接线|裸线|铜)[^.,;!?]{0,12}(裸|露|看得[见到]|看见|耷拉|垂|吊|散落|悬|摸到|摸得|没包)|(裸|露|漏)(出|着|露|在)?[^.,;!?]{0,8}(铜|线芯|铜丝|电线|带电|导体|金属丝|火线)|漏铜|露铜|裸露|裸线|裸铜|线[^.,;!?]{0,8}(全|都)?(露|暴露)?在外面|(线|丝|铜|电路|金属)[^.,;!?]{0,4}(能|可以)?(摸|碰)(着|到|得)|暴露在外|(后盖|盖板|面板|外壳|底板|检修口)[^.,;!?]{0,4}(掉|开|脱|飞)[^.;!?]{0,10}(线|电路|里面|里头)|(高压|架空)?(电线|电缆|线缆|线)[^.,;!?]{0,4}(断|掉)[^.,;!?]{0,4}(落|地上|下来)|(摸|碰|伸手)[^.,;!?]{0,8}(铜|电线|接线|母排)|(配电|电)(箱|柜|房|井)的?(门|盖)?[^.,;!?]{0,6}(开着|敞|没锁|未锁|没关|未关|打开|大开|掉)|(桩|箱|柜|机)(门|盖)[^.,;!?]{0,6}(开着|敞|没锁|大开)[^.;!?]{0,14}(线|电|铜|孩|娃|摸|亮|排|路人)|电线[^.,;!?]{0,6}(掉|拖)在(地|水)",
         r"exposed( \w+){0,2} (wir\w+|cables?|conductors?|copper|metal|electr\w+|terminals?|cores?|contacts?|parts?|busbars?)|bare( \w+)? (wir\w+|copper|metal|cables?|conductors?|ends?|live)|(wires?|wiring|copper|conductors?|cores|insides|electrics|terminals|busbars|internals|electronics)( \w+){0,4} (exposed|showing|visible|sticking out|hanging|dangling|poking|bare|on show|accessible|sticking)|(show\w*|see|seen|reveal\w*)( \w+){0,3} (bare|copper|live|conductors?)\b|dangling (wires?|cables?)|\blive( \w+)? (wires?|wiring|cables?|parts?|terminals?|conductors?|metal|connections?|contacts?|busbars?|electr\w+)|(casing|case|body|metal|frame|handle|wires?|cables?|parts|terminals|conductors?|pole|connector|it|they|still|pins)( is| was| are| were|'s| still| seems| may be| might be| all)* (live|energi[sz]ed)\b|busbars?|(door|hatch|cover|panel|lid|cabinet|flap)( \w+){0,4} (open|off|missing|unlocked|ajar|gone|removed|out)\b[^.!?]{0,60}(live|wir\w+|electric\w*|child\w*|kids?|anyone|playground|terminals?|high voltage|reach|danger\w*)|(child\w*|kids?|anyone|anybody|toddler\w*)( \w+){0,3} (touch|reach|put)( \w+){0,6} (wires?|inside|electr\w+|terminals?|parts|them|cables|cabinet)|bare terminals?"),
    sign("open cabinet", WEAK, r"(桩|箱|柜|机|检修)(门|盖|口)[^.,;!?]{0,6}(开着|敞|没锁|未锁|没关|大开|脱落)",
         r"(door|hatch|cover|panel|lid|cabinet)( \w+){0,4} (open|missing|unlocked|ajar|gone|removed)\b"),
    # heat
    sign("heat", STRONG,
         r"烫(手|伤|人|到|坏|起|红|脱|掉皮)|发烫|滚烫|[很太好特别非常真挺]烫|烫得|(热|烫)[得到][^.,;!?]{0,6}(拿|握|摸|碰|缩|软|变形|烫)|熔|(插|塑料|壳|头|枪|线|皮|座|桩)[^.,;!?]{0,4}(融|化了|软化|烧软)|融化|烧(黑|蚀|红|穿)|(针|触点|插[头孔片座]|枪[头芯口]|端子|铜片)[^.,;!?]{0,5}(发黑|变黑|焦|碳化|烧)|碳化|鼓包|烫|热失控|烧损",
         r"hot to (the )?touch|fry an egg|scald\w*|too hot\b|red[ -]hot|overheat\w*|burn(ed|t|s|ing)? (my|his|her|their|our|your|a)? ?" + BODY + r"|\bglow(ed|ing|s)?( red)?\b(?! (sign|screen|light|green|blue|in the dark))|blister\w*|\bmelt(ed|ing|s)?\b|scorch\w*|\bcharred\b|\bsinged\b|\bcharring\b|(connector|plug|pins?|contacts?|cable|socket|port|inlet|handle|casing|insulation|wires?|terminals?|outlet|adapter|lead|prongs?)( (is|are|was|were|looks?|seems?|has|have|gone|went|going|turned|all|now|been|badly|partly|completely|very|totally|inside|of|your|my|the|plug|connector|and))* (burnt|burned|burning|blackened|black|pitted|fried|soot\w*)\b|burn(t|ed) (pins?|contacts?|connector|plug|marks?|plastic|socket|outlet|cable|wires?|insulation|terminal)|(cable|plug|handle|connector|gun|lead|wires?|unit|charger|casing|socket|outlet|box|cord|case|nozzle|pins?)( \w+){0,6} (hot|burning|scalding|boiling)\b|(hot|scalding) (cable|plug|handle|connector|gun|lead|wire|socket|outlet|casing)|swell(ing|ed)|swollen|(cable|plug|handle|connector|lead|it)( \w+){0,3} heat(s|ing|ed)? up|thermal runaway"),
    sign("warm", WEAK,
         r"过热|过温|温度(过|太)高|高温(报警|告警)|有点(热|烫)|烧坏|焦黑|热得",
         r"\b(quite|very|rather|really|gets?|got|getting|feels?|felt|so|unusually)( \w+)? (warm|hot)\b|overtemperature|temperature (warning|alarm)"),
    # water on something that has power
    sign("water", STRONG,
         THING + r"[^.,;!?]{0,10}(进水|进了水|(全|都|泡|站|立|浸)?在水(里|中)|水漫|灌(了)?水|泡(在|着|了|水)|浸(在|水|泡)|淹|渗水|滴水|漏水|是水|有水)|(水|雨)[^.,;!?]{0,6}(灌|流|渗|淋|滴|漏|溅)(进|入|到)[^.,;!?]{0,6}" + THING,
         r"(积水|淹|水深|水没|水漫|水里|水中|没过|进水|灌水|泡水|漏水|浸水)" + GAP + r"{0,30}(通电|亮|绿|嗡|运行|带电|有电|还在充|还能充|可用|可使用|工作|触电|漏电|没断电|未断电|危险)|" + r"(通电|亮着|运行|带电)" + GAP + r"{0,20}(泡|淹|积水)",
         r"\b(water|rain\w*)\b[^.!?]{0,30}\b(in|into|inside|from|through|out of|onto)\b[^.!?]{0,16}\b" + ENGLISH_THING + r"|\b" + ENGLISH_THING + r"s?\b[^.!?]{0,24}\b(flooded|submerged|under ?water|full of water|waterlogged|in water|soaked|leaking water)|flood\w*[^.!?]{0,40}\b(powered|live|energi\w+|lit|power on|switched on|charging|electric\w*)|water( \w+){0,4} (pour|drip|leak|runn?)\w*[^.!?]{0,20}\b(it|unit|charger|box|plug|cabinet|connector)\b"),
    sign("flood", WEAK, r"积水|淹水|被淹|水淹|没过", r"\bflood(ed|ing)?\b|standing water"),
    # people
    sign("injury", STRONG,
         r"受了?伤|骨折|流(了)?(好多|很多|不少)?血|出血|砸(到|中|伤|着)(了)?(人|我|头|脚|腿|手|孩|小孩|老人|行人|路人|他|她)|砸了(脚|头|手|腿|我(?![的们]))|绊(倒|了一[跤下]|了个|着)|摔(倒|伤|了一?跤|跤|了个)|摔(破|断|坏)[^.,]{0,3}(头|腿|手|胳膊|膝|牙)|跌(倒|伤)|滑(倒|了一跤)|[夹压轧](到|伤|破|断|肿|住)?了?[^.,]{0,3}手|(划|割|碰|磕|刮|扎|擦|刺)(伤|破|出血)[^.,]{0,2}(手|腿|脚|头|皮|我|人|指|脸|孩)|(手|腿|脚|头|指|脸|膝盖|胳膊)[^.,;!?]{0,5}(划|割|磕|夹|扎|刮|砸|烧)(伤|破|肿|开)|缝了?[^.,]{0,2}针|打(了)?石膏|昏(倒|迷)|晕倒|中毒|伤(到|着|了)人|伤人|烧伤|灼伤|致伤|脑震荡|扭(伤|了脚)|掉进[^.,]{0,6}(井|沟|坑)",
         r"\binjur(ed|y|ies|ing)\b|\bhurt (my|his|her|him|themselves|herself|himself|someone|somebody|me|people|a)\b|\b(got|was|were|been|badly|gets?|is|be) hurt\b|\bbleed\w*|\bblood\b|(broke|broken|fractur\w+|sprain\w+|twist\w+|cut|crush\w+|trapp?\w*|gash\w*|scrap\w+|bruis\w+|pinch\w*|dislocat\w+)( \w+){0,1} (my|his|her|their|an?|the)?( \w+)? ?" + BODY + r"\b|ambulance (was|came|had|took|called|arrived)|called (an )?ambulance|\btripp?(ed|ing|s)? (over|on|and)\b|\bfell (over|down|headlong|heavily|into)|\bslipp(ed|ing) (on|over|and|in)|stumbled|knocked( \w+)? (him|her|me|someone|down|over|unconscious)|hit (his|her|my|their)( \w+)? " + BODY + r"|concussion|stitches|unconscious|paramedic|landed on (my|his|her|someone)|(taken|rushed|went|had to go|ended up) (to|in) (hospital|a&e|the er\b|the hospital|the emergency)( with)?(?= with|[.,!]|$| because| after)"),
    sign("hospital", WEAK, r"住院|送医|救护车|急救|急诊|拍片", r"\bambulance\b|\ba&e\b|\bhospitali[sz]ed"),
    sign("falling", STRONG,
         r"(桩|柱|棚|杆|牌|柜|顶|箱|树|墙|铁皮|玻璃|灯|板)[^.,;!?]{0,10}(倒塌|倾斜|要倒|快倒|倒下|坍塌|塌了|塌下|摇摇欲坠|会倒|要掉|砸下来|砸到|歪[^.,]{0,4}倒)|倒塌|坍塌|坠落|随时(会|要|可能|都)?[^.,]{0,3}(倒|砸|掉|塌|炸|着)|(倒|砸|掉|塌)下来[^.,]{0,3}(砸|伤|压)(到|伤|着|中|了)?(人|行人|路人|我|孩|头|老人|他|她)(?!的?车)|下沉[^.]{0,4}倒|砸到人|砸着人|砸伤|有倒塌",
         r"(about|going|likely|ready|could|might|may|will|looks like it will) (to )?(fall|collapse|topple|tip|come down)( over| on| down)|\btoppl\w+|(fell|falling|fallen|came down|crash\w+)( \w+){0,2} (on|onto)( \w+){0,3} (people|someone|somebody|persons?|me|him|her|path|pedestrian\w*|head|pavement|child\w*|boy|girl|woman|man|customer)|\b(lean|tilt)(s|ed|ing)?\b( \w+){0,3} (over|at an angle|badly|dangerously|towards|sideways|heavily|onto|forward)|tilted|unstable and|(crash|come|came|fall|fell|falls) down (on|onto)( \w+)? (people|someone|somebody|me|him|her|us|child\w*|pedestrian\w*|head|passer\w*)|(struck|hit|hits)( \w+){0,3} (on|in) the (head|face|shoulder|back|arm|leg)|(power|overhead)( \w+)? (line|cable)s?( \w+){0,2} (down|fallen|fell|lying)|fallen (power )?(line|cable|wire)"),
    sign("emergency stop fails", STRONG,
         r"(急停|紧急(停止|按钮|开关|停机)|红色?按钮|红(色)?的?急停)[^.;!?]{0,14}(没用|没反应|失灵|无效|不管用|不起作用|断不|按不动|还在|失效|不灵|照样|没有反应|没有用|坏了|不断电|继续|[没未](断|停|切|能)|拉总闸)",
         r"(emergency[ -](stop|button|switch|shut\w*|knob|off|cut-?off|handle)|red (emergency )?knob|e-?stop|red button)[^!?]{0,40}(nothing|not work|n't work|no effect|n't do|fail|useless|n't stop|kept|keeps|carried on|does not|did not|won't|broken|went on|goes on|continu|still (charging|flowing|live|running|powered|energi))"),
    sign("bang", STRONG,
         r"(砰|轰|嘭|咣|轰隆)(的|地)?一(声|下)|巨响|爆炸|爆燃|爆裂声|炸(了|开|裂)|爆了|爆开",
         r"loud (bang|pop|explosion|boom)|\bexplo(sion|ded|des|ding|de)\b|\bblew up\b|\bblow(n|ing)? up\b|heard (a|an)( \w+)? (bang|boom|explosion)|(a|big|huge|there was a|with a) bang\b"),
    sign("odd sound", WEAK, r"滋滋|嘶嘶|吱吱|啪(啪)?(的|地)?(一声|响)|噗|咕嘟", r"\bhiss\w*|\bbuzz(es|ing)\b|popping|sizzl\w*|\bhumming\b"),
    # what others say of it
    sign("protection", WEAK,
         r"(绝缘|接地|对地)(故障|异常|报警|告警|失效|不良|电阻低|问题)|漏(电)?保(护)?(器|开关)?[^.,]{0,4}(跳|动作)|跳闸|没接地|地线",
         r"(isolation|insulation|ground|earth)( \w+)? (fault|failure|error|warning)|trip(s|ped|ping)?( \w+){0,2} (breaker|rcd|fuse|gfci|main|electric\w*)|not (earthed|grounded)"),
    sign("leave", WEAK, r"(请|立即|马上|赶紧|迅速|赶快|速)(离开|远离|撤离|疏散|断电|停运|切断)|都跑(了|出来)|不敢(靠近|碰|摸)|没敢插",
         r"(leave|get out of|get away from|evacuat\w+)( \w+){0,2} (vehicle|car|area|building)|stay (back|away|clear)|evacuat\w+"),
    sign("fear for people", WEAK,
         r"危险|隐患|出(了)?(人命|大?事)|要命|会死人|人命|(电|伤|砸|烧)(到|着|死)?(小)?(孩|老人|行人)|谁负责安全",
         r"\bdanger(ous|ously)?\b|\bhazard(ous)?\b|\bunsafe\b|safety (risk|issue|hazard|concern|problem)|(someone|somebody|people|anyone|a child|kid)s? (could|will|might|may|is going to|can|would|are going to|gets?|to|is)( \w+){0,2} (killed|electrocuted|injured|hurt|burn\w*|die)|\bbefore (someone|somebody|anyone)( \w+){0,2} (hurt|killed|dies|injured)|(trip|tripping) hazard"),
)

# What stands right before a sign that is said not to be there, up to the sign.
NOT_ZH = re.compile(
    r"(没有?|并?未|毫?无|不|别说|没见|绝无|免于?)(有|见到?|看[到见]|发现|闻到?|出现|任何|什么|再|发生|感觉|啥|明显|特别|怎么|太|很|被|露出?|到|人员?|过|谁|听到|摸着|算|会)*$"
)
YET_ZH = re.compile(
    r"(是不|有没有?|会不(会)?|能不|要不|好不|不会不|差点没|不小心|不断|不停|不时|不住|不光|不仅|不但|不止|不只|不知(道)?|得不|不料|不久|没多久|没一会儿?|谁不|无不|不是说|早不|从不关)(地|的|会|是|被|有|在|再)*$"
)
NOT_EN = re.compile(
    r"(\bno|\bnot|n't|\bcannot|\bwithout|\bnever|\bnor|\bneither|\bnothing|\bzero|\bfree of|\bnone of)"
    r"( (any|an?|the|signs?|traces?|hint|of|visible|real|actual|see|seen|saw|smell(ed)?|smells|notice[d]?|feel|felt|hear[d]?|burning|strange|odd|or|and|even|got|get|getting|was|were|been|is|be|smoke|sparks?|heat|fire|flames?|danger(ous)?|wires?|shocks?|noise|injur\w+|damage|bang|water|particularly|especially|that|too|very|actually|at all|hot|warm|funny|one|people|bare|exposed|live|odou?r|like|immediately))*[ ,/]*$"
)
NOT_ONE = re.compile(r"\b(no one|not one)( \w+){0,1}[ ,]*$")
LIST_GAP = re.compile(r"[ ,、/]*(和|或|及|与|以及|也|还|or|nor|and)?[ ]*(没有?|不|无|未|no)?[ ]*")
AFTERWARDS = re.compile(r"[^.,;!?]{0,3}(是没有|倒没有|没有|倒是没|是不会|都没有)(?![^.,;!?])")


@dataclass(frozen=True, slots=True)
class Danger:
    """What was found: places in the plain text, and how heavy they weigh together."""

    spans: tuple[tuple[int, int], ...]
    kinds: tuple[str, ...]
    weight: int
    denied: bool
    """Signs were named only to say that they are not there, or in a manner of speaking."""

    @property
    def certain(self) -> bool:
        return self.weight >= STRONG


def look(text: str) -> Danger:
    """Signs of danger in a plain text (see `reading.plain`)."""
    literal = LOOKALIKES.sub(lambda found: " " * len(found[0]), text)
    denied = literal != text
    spans: list[tuple[int, int]] = []
    weights: dict[str, int] = {}
    not_there = absent(literal)
    for start, end, one in occurrences(literal):
        if (start, end) in not_there:
            denied = True
            continue
        spans.append((start, end))
        weights[one.kind] = one.weight
    return Danger(tuple(spans), tuple(weights), sum(weights.values()), denied)


def occurrences(text: str) -> list[tuple[int, int, Sign]]:
    found = [(m.start(), m.end(), one) for one in SIGNS for m in one.pattern.finditer(text)]
    return sorted(found, key=lambda each: (each[0], each[1]))


def absent(text: str) -> set[tuple[int, int]]:
    """Places of signs said not to be there; a list goes on being denied: "no smoke, sparks or heat"."""
    gone: set[tuple[int, int]] = set()
    last_end = -1
    for start, end, _ in occurrences(text):
        before = text[max(0, start - 60) : start]
        listed = last_end >= 0 and start >= last_end and LIST_GAP.fullmatch(text[last_end:start])
        if listed or start < last_end or denied_before(before) or AFTERWARDS.match(text[end : end + 8]):
            gone.add((start, end))
            last_end = max(last_end, end)
    return gone


def denied_before(before: str) -> bool:
    if NOT_ZH.search(before):
        return not YET_ZH.search(before)
    return bool(NOT_EN.search(before)) and not NOT_ONE.search(before)
