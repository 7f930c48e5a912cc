"""Ideas that complaints are made of, in both languages: what the model reads besides the bare words.

A pattern on a line of its own names one idea ("money was taken", "no energy came"); texts of different languages
meet in them. They carry no verdict: how much an idea speaks for a topic is learned.
"""

from __future__ import annotations

import re

PATTERNS: dict[str, str] = {
    "money taken": r"扣(了|款|费|钱|走|掉|我|\d)|收了|照(收|扣)|被(收|扣)|刷走|请款|charged?\b|billed|debit\w*|took (my|the|our|\d|[£$€])|taken (my|the|\d|from)|collected|captured|deducted",
    "paid": r"付(了|款|费|完|钱|\d)|支付|投了|缴|交了|预存|\bpa(id|y|yment)\b|prepaid",
    "no money taken": r"(没|未|没有|幸好没)(有)?(被)?(扣|收)(款|钱|费)?|(not|n't|without)( \w+){0,2} (billed|charged|debited|payment)|no (money|payment|charge) (was )?taken|no payment",
    "twice": r"[两二双2](次|遍|笔|回|条|份|张)|重复|又(扣|收|付|刷|请)了?|再(次)?(扣|收|请款)|各(扣|收|付)|一模一样|\btwice\b|\b(two|2)( \w+)? (identical|payments?|debits?|charges|transactions|captures|invoices|entries)|doubl\w+|duplicat\w*|identical|both (of|my|the|went)|\bsame (amount|charge|session|visit)|again (a|by|at|for) |second (payment|time i paid)",
    "hold": r"预授权|冻结|解冻|押金|预[付扣充存]|占(用|着)?(了)?[^,.]{0,3}额度|额度|圈存|保证金|支付分|免押|余款|剩余金额|pre-?auth\w*|\bhold\b|pending|\bdeposit\b|reserv(ed|ation) (on|\d)|blocked (\d|[£$€]|fund|money|amount)|authori[sz]ation (hold|of|on|was)|unused|remaining (balance|amount)|releas\w+ (it|the)",
    "refund": r"退(款|钱|费|还|回|我|刷|给|一半|个)|返还|refund\w*|money back|reimburs\w*|credited back|returned",
    "refund agreed": r"(答应|承诺|说好|同意|认定|显示|成立)[^.;]{0,14}退|退[^,.]{0,3}(成功|完成|进度|申请)|已退|退[^.;]{0,14}(没到|未到|没收|未收|没有|未入|没来|呢)|(promis\w+|agreed|approved|confirmed|said|says|owe\w*)[^.!?]{0,50}(refund|money|back|return)|refund( \w+){0,3} (approved|promised|completed|sent|received|overdue|missing)|refunded",
    "not arrived": r"(没|未|没有)(有)?(收)?(到账|入账|入帐|收到|到$|到[,.])|(还|仍|一直|迟迟)(没|未)(有)?(收|到|退|解|释放|返)|影子|查(不|无)(到|此)|(not|n't|never|hasn't|yet to)( \w+){0,2} (arriv\w+|receiv\w+|come|show|appear\w*)|nothing (has )?(arrived|come)|no trace|where is my|still waiting",
    "idle fee": r"占[位桩用]费|占用(费|时间)|滞留|超时(费|占|收|计)|逾时|停留费|佔用|计超时|\bidle\b|overstay\w*|blocking fee|occupan\w+|occupying|after (charging|it finished)|grace period",
    "parking money": r"停车(费|优惠|减免|券|折抵|罚|收)|免(费)?停|出场|道闸|岗亭|罚单|泊车费|停车\d+|停车场[^,.]{0,6}(收|认)|缴费机|parking (fee|ticket|charge|cost|fine|discount|firm|company|penalt\w+|operator|is)|validat\w+|clamp\w*|windscreen|towed|pay(ing)? (for|to)( \w+)? (parking|car park|park)|exit barrier|at the exit|free parking",
    "tariff": r"单价|电价|费率|[峰谷尖平](电|段|价|时|期)|离峰|尖峰|高峰|低谷|每度|一度(电)?[^,.]{0,4}[块毛元\d]|公示|标价|按[^,.]{0,5}(价|算)|tariff|\brate\b|per kwh|off-?peak|\bpeak\b|quoted|advertised|the sign|sign (on|says)|unit price|posted|price (per|list|change\w*)",
    "night or day price": r"(夜|凌晨|晚上|\d+点)[^,.]{0,14}(价|费率|峰|谷)|(night|weekend|daytime|evening|\d ?[ap]m)[^.!?]{0,30}(rate|price|tariff)",
    "coupon": r"[券劵]|优惠|折(扣|抵|码)|[七八九]折|满减|会员价|年卡|活动|首单|赠送|加赠|抵扣|红包|返现|积分|套餐|包月|推荐|discount\w*|voucher|coupon|promo\w*|bonus|member\w*|loyalty|referral|subscri\w+|cashback|\bcode\b [a-z]*\d|% off|special offer|free (kwh|charge)|monthly plan",
    "invoice": r"发票|开票|抬头|税号|专票|普票|收据|载具|统编|统一编号|红冲|行程单|报销|invoices?\b|\breceipts?\b|\bvat\b|statement|expenses",
    "sum is wrong": r"对不上|不一致|不符|差(额|价)|多(收|扣|付|出|算)|算错|乱收|贵|离谱|overcharg\w*|(not|n't) (match|add up|correspond)|(too|so) (much|high|expensive)|almost double|higher than|more than|extra (fee|charge)|surcharge|rip-?off|unexplained|do the sums|adds? up",
    "no energy came": r"(?<![\d.])0(\.0+)?(度|kwh|千瓦时|$|,|\.)|零度|度数(是|为)?(却)?(是)?0|一[度格点]电?(都|也)?(没|未|不)|[没未](有)?(充|进|吃)(进|上|到|入|电)|未充入|电(量|)[^,.]{0,4}(没|未|不|毫无|纹丝)(有)?(动|变|涨|增)|(充电)?(量|度数)(却)?(是|为)?(零|0)|没电流|电流(是|为)?(零|0)|没(有)?电流|续航(没|未)|毫无变化|纹丝|soc(没|纹丝)|\bzero (kwh|energy|charge|kilowatt)|\bno (energy|power|electricity|current|juice)\b|not (a|one) (single )?(kwh|kilowatt|percent|watt)|(not|n't|never)( \w+){0,2} (gain\w*|receiv\w+|take|took|got|get) (a|any|in|a single|power|energy)|nothing (went|delivered|in)|\b0(\.0+)? ?kwh|range unchanged|battery( \w+)* same",
    "start failed": r"(启动|开始|鉴权|授权|握手|认证|验证|初始化)(充电|使用)?[^,.]{0,4}(失败|超时|不了|错误|不成功|不到)|没(有)?(启动|开始)|未(启动|开始)|无法(启动|开始)|从未开始|充不(上|了|成|进)|开始不|启动不|没反应|无反应|没动静|一直转圈|(start|begin|initiat\w+|authoris\w+|authoriz\w+)( \w+){0,3} (fail\w*|error)|fail\w* (to )?(start|begin|initiat)|fail\w*( \w+)? start|(not|n't|never|refus\w+ to|declin\w+ to|unable to|can't|cannot)( \w+){0,2} (start|begin|began|started|initiat\w+|got going|kick\w*|commence\w*|respond)|timed? out|handshake|preparing|initiali[sz]\w+|did not respond|nothing happens|plug in\b.{0,20}(although|though|over and over)",
    "stopped midway": r"一半|半路|中途|途中|中断|(自动|自己|自行|突然|莫名)[^,.]{0,3}(停|断|结束|跳|终止)|充到[^,.]{0,8}(停|断|结束|跳)|跳(枪|掉|停)|提前(结束|停)|没(有)?充满|才充|只充了?|断(了|电|开)|终止|half ?way|cut(s|ting)? (out|off)|\bstop(s|ped)? (at|by itself|on its own|dead|mid|after|every|charging|half)|interrupt\w*|terminat\w+|ended (early|at|premature\w*|itself)|gave? up (at|after)|dropp(ed|ing) out|\bquit\b|abort\w*|premature\w*|mid[ -](charge|session)|only (\d+|half)|switched itself off",
    "slow": r"慢|功率|千瓦(?!时)|\d ?kw\b|限(功|流)|电流|限电|降速|虚标|slow\w*|crawl\w*|speed|throttl\w*|trickle|rapid|\bamps?\b|\d+ ?kw\b|phase|hours? for|derat\w+|\bramp",
    "stuck": r"拔(枪)?(不|费)(出|下|掉|动|了|来|开)?|拔不|卡(住|死|在|着)|锁(住|死|着|在|了|不|得)|取不(出|下|回|来)|解锁|开锁|抽不|拽不|拿不(走|回|下)|咬(住|死)|冻(住|在)|无法拔|无法取|释放|枪[^,.]{0,3}锁|stuck|jam(med)?\b|(not|n't|never|refus\w+)( \w+){0,3} (releas\w+|let go|come out|give|unlock)|unlock\w*|can't (remove|disconnect|unplug)|cannot (remove|disconnect|unplug)|couldn't (remove|disconnect|unplug)|latch|locked (in|to|on)|releas\w+ (button|the|my)|trapped|swallow\w*",
    "cannot plug": r"插(不|无法)(进|入|上|到|紧|了|严|住)|(插|推|塞)[^,.]{0,5}不(进|入|上|到|紧)|无法插|对不(上|准)|不匹配|够不(到|着)|接不到|线[^,.]{0,3}短|接口|规格|转接|异物|堵着|塞(了|着|住)|(not|n't|cannot|won't)( \w+){0,4} (fit|go in|reach|seat|latch|insert|plug it in|attach)|too short|foot short|metre short|adapter|wrong connector|plug (it )?in to|go all the way|inside the connector|\breach\b",
    "screen": r"屏|显示器|触(摸|控)|按键|面板|二维码|读卡|刷卡(区|机|没)|感应(区|不)|看不(清|见|到)|编号|字(太)?小|花了|screen|display|touch\w*|reader|\bqr\b|contactless|pixel|keypad|terminal|button|\bdigits?\b|unreadable|faded|nfc",
    "broken": r"坏(了|掉|成|着)|故障|离线|脱机|暂停(服务|使用|输出)|维修|维护|停用|趴窝|瘫痪|没电|黑(着|的)|红灯|灯亮|检修|死机|当机|重启|不能用|无法使用|用不了|报修|掉线|out of (order|service)|broken|\bdead\b|offline|\bfault\w*|not working|unavailable|red (light|ring)|no (power|lights)|is (dark|down)|inoperative|error|maintenance|does(n't| not) work|nothing works|went off|reboot\w*",
    "whole site": r"(全|整个?)个?(充电)?站|(所有|全部)(的)?(充电)?[桩枪]|[桩枪](全|都)|大面积|(whole|entire) (site|hub|station|car park)|\ball (\w+ )?(posts|chargers|units|bays)|every (charger|unit|bay)|none of",
    "status": r"显示[^,.]{0,3}(空闲|可用|占用|有空|空位|可使用|使用中|充电中|可以)|空闲|地图|导航|同步|预约|定位|标着|列表|状态|资讯|\bmap\b|availab\w+|listed|listing|\bpin\b|app (says|shows|showed|claims|thinks)|shows?\b.{0,20}(free|vacant|occupied|in use|charging)|reserved a|estimate|website|according to your|told me \d",
    "damage": r"裂|断(了|掉|成|在|半)|折断|破(了|损|坏|烂)|撞|砸|变形|松(动|了)|掉(了|漆|下)|剪断|偷|磨(损|花|没)|锈|碎|损坏|缺了|甩|歪|crack\w*|broken (off|in)|dent\w*|smash\w*|vandal\w*|\bcut\b|stolen|thieves|loose|\bbent\b|peel\w*|torn|snapped|worn|hanging by|flatten\w*|knocked|split|scratches",
    "my car": r"(我的|我|客户|他|她)?车(子|辆|机|漆|门|主)?[^,.]{0,6}(坏|报故障|报警|损|刮|划|砸|开不|无法行驶|死火|亮)|充电[口座][^,.]{0,8}(坏|断|弄|损|裂)|保险杠|引擎盖|机盖|车漆|烤漆|后视镜|底盘|轮胎|车顶|4s店|维修费|修车|拖车|赔(偿|付|我)?|车载充电|\b(my|the) car\b.{0,40}(damag\w+|broke|won't (charge|drive|start)|warning|error)|bonnet|bumper|\bpaint\b|scratched (the|my)|dealer|garage bill|repair\w*|\binlet\b|compensat\w*|tow(ing)? truck|windscreen|tyres?|onboard charger|\bclaim\b|workshop",
    "cannot stop": r"停不(下|了|到|住)|结束不(了|掉)|关不掉|结束(充电|键|按钮|失败|中)|停止(充电|键|按钮|失败)|无法(停止|结束)|还在(走|涨|扣|计|继续)|持续计费|没结束|(继续|一直)(计费|扣|走)|\bstop (button|charging|the|a|it|request|failed|does)|pressing stop|(can't|cannot|won't|will not|unable to|couldn't|n't|how do i|not) (\w+ )?(stop|end|finish|terminate)\b|still (running|active|counting|ticking|growing)|terminat\w+|\bend (it|the|my|session|a)\b|keeps (running|charging|counting)|kill it",
    "manners": r"态度|骂|敷衍|不耐烦|语气|口气|嘲笑|白眼|粗(鲁|口)|脏话|吼|恶劣|傲慢|阴阳怪气|难听|素质|说话|挂(了|我|断)?(我)?(的)?电话|讲话|爱理不理|轻蔑|rude\w*|attitude|impatien\w+|swore|insult\w*|condescen\w+|sarcas\w+|patroni[sz]\w+|laughed|shout\w*|manners|dismissive|polite|lectur\w+|hung up|unfriendly|courtesy|\btone\b|unpleasant|blamed",
    "staff": r"客服|坐席|工作人员|师傅|保安|管理员|员工|站长|人员|\bstaff\b|agent|employee|guard|attendant|technician|mechanic|your (man|operator|support)|engineer|customer service|colleague",
    "no answer": r"打不(通|进)|(没|无|冇)人(接|回|理|听|管)|占线|忙(线|音)|空号|停机|转(不|人工)|机器人|不回|联系不上|自动(挂断|回复)|已读|真人|(no ?one|nobody)( \w+)? (answer\w*|pick\w*|call\w*|there|repl\w+)|no (reply|answer|response)|on hold|\bheld for|voice ?mail|auto-?reply|unanswered|rings? out|can't (reach|get)|couldn't (reach|get hold)|chatbot|engaged|nothing but|heard nothing|\bphone\b.{0,20}(dead|rings)",
    "phone line": r"电话|热线|专线|打了|拨打|在线客服|公众号|留言|邮件|hotline|helpline|\bphone\b|number|\bcall(ed|s)?\b|e-?mails?\b|\bchat\b",
    "handling": r"工单|投诉|案件|处理(中|结果|太|进度|时效)|没(有)?(结果|进展|下文)|进度|催|回电|反映了|反馈|部门|补(件|交)|踢皮球|受理|流程|跟进|审核|初审|报修[^,.]{0,8}(天|周|月|人)|ticket|my case|\bcase\b|complaint|under review|escalat\w*|reminder|no (progress|update|outcome)|look(ing)? into it|follow-?up|no one has come|reported (this|it)|departments?|tell the (entire|whole)|moves? forward|investigat\w+",
    "long time": r"(\d+|[一二两三四五六七八九十半几好多]+)个?(天|周|星期|礼拜|月|工作日|年)|\b(weeks?|months?|fortnight|(\w+|\d+) days)\b",
    "bay blocked": r"占(了|用|着|满|位)?[^,.]{0,4}(车位|充电位|位子|充电格)|(车位|充电位|充电格)[^,.]{0,8}(占|堵|满|堆|停|挡|围)|油车|燃油车|霸占|占位(?!费)|堵(得|住|着)|挡(住|了)|杂物|地锁|充满不(走|移|挪)|停车位|\bice\b|(petrol|diesel|non.electric|combustion)( \w+)? (car|suv|van|vehicle)s?|parked (across|in|on|over|there)|block(ing|ed) (the|by|our|my|access)|\bhog\w*|obstruct\w*|coned|\b(bays?|spaces?|spots?)\b.{0,24}(taken|full|blocked|occupied|used)",
    "closed": r"关(门|停|闭)|锁着|[被]?封(闭|锁|了|路|得|三|站)?(?=[^,.]{0,6}(站|库|闭|严|天|施|整))|不让(进|外|停)|进不(去|来|了|站)|停业|打烊|围挡|装修|施工|撤(场|了|站)|不开放|铁(卷)?门|大门|闭园|外来车|\bclosed\b|\bshut\b|\bgates?\b|locked (in|out|at)|no entry|(residents?|staff|guests?)( \w+)? (only|pass|badge)|couldn't get in|let( \w+)? in\b|decommission\w*|fenced|resurfac\w*|evacuat\w+|private property",
    "dirty or dark": r"脏|垃圾|臭(?!氧|鸡蛋)|泥|没(有)?灯|路灯|照明|黑漆|太暗|卫生|苍蝇|杂草|厕所|污|油渍|粘|黏|老鼠|烟头|坑坑洼洼|dirt\w*|filth\w*|rubbish|litter\w*|\bdark\b|\blights?\b (off|out|at night)|lighting|lamps?|toilets?|\bmud\w*|trash|\bbins?\b|sticky|grease|\brats?\b|urine|weeds|droppings",
    "noise": r"噪|吵|嗡嗡|轰鸣|轰隆|声音|睡(不|着|眠)|扰民|喧哗|播报|喇叭|啸叫|鸣笛|noise|noisy|\bloud|\bhum(ming)?\b|beep\w*|whin\w+|sleep|\bfans?\b|drone|buzz\w*|squeal|bedroom|neighbou?rs",
    "wish": r"建议|希望|能不能(支持|加|设|在)|能否|可否|盼|期待|意见|要是|加(个|装)|增(设|加)|多(建|设)|please (add|install|put)|could you (add|support|put|offer)|would be (nice|great|good|helpful)|suggest\w*|feature|how about|consider|i'd like to see|why not|\bwish\b|an idea|\bmore chargers\b|let me",
    "account": r"登(录|入|不|陆)|密码|验证码|账[号户]|注销|绑(定|不|上)|余额|实名|手机号|挂失|充值|储值|激活|闪退|log(ged|ging)? ?(in|me)|password|\baccount\b|balance|verification|profile|regist\w+|deactivat\w*|suspended|top(ped)?[ -]?up|e-?mail address|rfid card|wallet|sign in",
    "privacy": r"隐私|泄(露|漏)|个(人)?资(料)?|个人信息|(我|别人|他人|用户|陌生人)的?(信息|资料|电话|手机号|姓名|订单)|骚扰|推销|通讯录|权限|gdpr|personal (data|details|information)|privacy|leak\w*|\bdata\b|third party|\bspam\b|consent|contacts",
    "fraud": r"骗|假(的)?(二维码|的|码|冒|客服|网|qr|付款)|冒充|诈|盗(刷|卡)|钓鱼|伪造|贴(了)?[^,.]{0,4}(码|纸)|黄牛|不肖|中招|\bfake\b|scam\w*|fraud\w*|phish\w*|bogus|counterfeit|claim\w* to be|pretend\w*|sticker|skimm\w+|clon(e|ed)|impersonat\w*|my (card )?pin\b",
    "not mine": r"不是(我|本人)|非本人|没(有)?(去|来|充)过|从(来)?(没|未)(有)?(去|来|到)|陌生|别人(用|的|充|在)|他人的|莫名|(人|我)(那天|当时|当天)?在(外地|家|国外)|车[^,.]{0,6}在(家|楼下)|扣错|绑错|异地|(not|isn't|wasn't|aren't)( \w+)? (mine|me|my (charge|session|car))|never (been|visited)|some(one|body) else|stranger|did(n't| not) (make|charge)|i was (in|abroad|away)|locked in (the|my) garage|unknown (transaction|charge|session)|wrong customer",
    "more than battery": r"(电池|容量|车机|车上|实际|仪表)[^,.]{0,10}\d[^.;]{0,16}\d+|计量|电[表錶]|(多|偏|虚)(出|计|算|高|快)[^,.]{0,4}(度|电|\d)?|度数[^,.]{0,6}(多|高|不对|异常|不准|比)|battery (is|capacity|of|size)|\bmeter\b|kwh .{0,20}than|capacity|calibrat\w*|not possible|impossible|kilowatt-?hours|losses",
    "battery or kWh": r"电池|度(电)?|kwh|battery|kilowatt",
    "other matters": r"招(聘|人|运|工)|加盟|合作|实习|丢(在|了)|落(在|下)|捡|论文|采访|上班(时间)?[?]|几点上班|你好|在吗|表扬|感谢|锦旗|地址|hiring|\bjobs?\b|thesis|student|partner\w*|lost my|left (my|a)\b|found a|press enq\w*|thank (him|her)|franchise|office hours|interview|hello",
    "question": r"请问|怎么|如何|[吗呢么]?\?|\bhow (do|can|to)\b|\bwhom?\b|\?",
    "wants refund": r"(请|要求|求|麻烦|给我|赶紧|把)[^,.]{0,6}退|还我|refund (me|please|it|the)|please refund|give (it|me).{0,12}back|want my money",
    "car left": r"(开走|驶离|挪车|移车|离开|回家|到家|拔枪走|移走)|(moved|left|drove off|drove away|unplugged|at home)",
    "danger": r"\x00",  # set by the rules of danger, never by a pattern
}  # fmt: skip

CONCEPTS = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}


def found_in(text: str) -> dict[str, list[tuple[int, int]]]:
    """The ideas in a plain text, each with its places."""
    found: dict[str, list[tuple[int, int]]] = {}
    for name, pattern in CONCEPTS.items():
        places = [match.span() for match in pattern.finditer(text) if match.end() > match.start()]
        if places:
            found[name] = places
    return found
