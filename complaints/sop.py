"""The process as it is lived: a procedure with owner, time, steps, materials and a flow chart, out of the live policy.

What stands here is what the desk does, because both are made from the same tables. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from complaints import phrases
from complaints.actions import NEEDS_REASON, ROLES
from complaints.policy import Policy, Rule
from complaints.states import diagram

Tongue = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the procedure: what is done, by whom, by which clock, with what."""

    name: tuple[str, str]
    who: tuple[str, str]
    clock: str
    does: tuple[str, str]
    materials: tuple[str, str]


STEPS: tuple[Step, ...] = (
    Step(("Register", "登记"), ("agent; every channel by itself", "客服;各渠道自动登记"), "register",
         ("Keep the customer's own words; number, channel, time; ask by the guided questions.",
          "保留客户原话;编号、渠道、时间;按引导问题补全信息。"),
         ("words, files, station and plug, order, payment", "原话、附件、充电桩与枪、订单、支付单号")),
    Step(("Acknowledge", "受理"), ("automatic; level 1: duty manager", "自动;一级由值班经理"), "acknowledge",
         ("Number, link and date go to the customer; level 1 calls down the list until somebody takes it up.",
          "编号、链接、时限发给客户;一级逐个呼叫直到有人受理。"), ("number and link", "编号与链接")),
    Step(("Assign", "分派"), ("automatic by department, site, load", "按部门、场站、负荷自动分派"), "first_reply",
         ("A named owner; substitutes stand in for who is away.", "指定责任人;缺勤由替补接手。"),
         ("rota, absences", "值班表、缺勤")),
    Step(("Investigate", "调查"), ("owner", "责任人"), "investigate",
         ("Read the frozen records both ways; ask the customer where something is missing (clocks pause).",
          "双向核对已固定的记录;缺信息时询问客户(计时暂停)。"),
         ("frames, readings, payments, findings", "报文、读数、支付、结论")),
    Step(("Go there", "到场"), ("technician", "运维"), "arrive",
         ("Work order by fault level: accept, check in, parts, photos; danger is cleared on site only.",
          "按故障等级派工:接单、签到、配件、照片;险情只能现场解除。"), ("work order", "工单")),
    Step(("Decide and approve", "决定与审批"), ("owner; approver within his limit", "责任人;审批人按权限"), "execute",
         ("Who is liable and what is to be done; money by who may, above the limit by two.",
          "责任与方案;款项按权限审批,超限双人。"), ("verdict, bill, limits", "结论、账单、权限")),
    Step(("Answer", "答复"), ("owner", "责任人"), "resolve",
         ("Tell the result in plain words, and ask whether that settles it.", "用通俗语言告知结果,并询问是否解决。"),
         ("templates, articles", "模板、知识库")),
    Step(("Second review", "复核"), ("someone who has not handled it", "未经手的人员"), "resolve",
         ("Not settled: the new demand, a new round with clocks of its own.", "未解决:记录新诉求,重新计时。"),
         ("the whole thread", "完整记录")),
    Step(("Close", "结案"), ("supervisor", "主管"), "follow_up",
         ("Solved; the customer content, accepting, or silent after his reminders; nothing open.",
          "已解决;客户满意、接受,或多次提醒后未回复;无未结事项。"), ("close gate, survey", "结案条件、满意度")),
    Step(("Follow up", "回访"), ("agent", "客服"), "follow_up_7d",
         ("Ask again after a day, a week, a month.", "一天、一周、一月后回访。"), ("follow-up entries", "回访记录")),
    Step(("Learn", "改进"), ("supervisor, auditor", "主管、审计"), "",
         ("Incidents with 5-Why, corrective actions with their effect, random audits, articles reviewed.",
          "事件五问分析、纠正措施与效果、随机抽查、知识复审。"), ("incidents, audits, reports", "事件、抽查、报表")),
)

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("How a complaint is handled", "投诉处理流程"),
    "made": ("Generated from the policy in force (`python -m tools.process`); not written by hand.",
             "由现行政策生成(`python -m tools.process`),请勿手工修改。"),
    "steps": ("Steps", "步骤"), "clocks": ("Clocks", "时限"), "states": ("States", "状态"),
    "who": ("Who may what", "权限"), "rules": ("Rules", "规则"), "chart": ("Flow chart", "流程图"),
}
CLOCKS: Mapping[str, tuple[str, str]] = {
    "register": ("registered", "登记"), "acknowledge": ("acknowledged", "受理"),
    "first_reply": ("first reply", "首次回复"), "platform_reply": ("platform answered", "平台答复"),
    "arrive": ("on site", "到场"), "investigate": ("investigated", "调查"),
    "resolve": ("answered", "答复"), "execute": ("carried out", "执行"), "follow_up": ("call back", "回访"),
    "follow_up_7d": ("call after a week", "一周回访"), "follow_up_30d": ("call after a month", "一月回访"),
}
AFTER: Mapping[str, tuple[str, str]] = {
    "submitted": ("handing in", "客户提交"), "round": ("filing", "立案"), "decision": ("decision", "决定"),
    "resolution": ("answer", "答复"),
}


def page(policy: Policy, language: Tongue) -> str:
    """The whole procedure in one language, as Markdown."""
    n = 0 if language == "en" else 1
    head = {name: words[n] for name, words in WORDS.items()}
    return "\n".join([
        f"# {head['title']}", "", head["made"], "", f"## {head['chart']}", "```mermaid", *_chart(n), "```", "",
        f"## {head['steps']}", "", *_steps(policy, language), "", f"## {head['clocks']}", "",
        *_clocks(policy, language), "", f"## {head['rules']}", "", *_rules(policy, n), "",
        f"## {head['who']}", "", *_who(n), "", f"## {head['states']}", "", "```mermaid", diagram(), "```", "",
    ])


def _chart(n: int) -> list[str]:
    names = [step.name[n] for step in STEPS]
    arrows = [f"    s{i}[{name}] --> s{i + 1}[{names[i + 1]}]" for i, name in enumerate(names[:-1]) if i not in (6, 7)]
    return ["flowchart TD", *arrows, f"    s6[{names[6]}] --> s8[{names[8]}]", f"    s6 -. no .-> s7[{names[7]}]",
            "    s7 --> s3"]


def _limits(policy: Policy, clock: str, language: Tongue) -> str:
    tongue = "en" if language == "en" else "zh-Hans"
    rules = [r for r in policy.clocks if r.clock == clock and r.limit]
    return " / ".join(dict.fromkeys(phrases.length(r.limit.amount, r.limit.unit, tongue) for r in rules if r.limit))


def _table(*rows: tuple[str, ...]) -> list[str]:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return [lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]


def _steps(policy: Policy, language: Tongue) -> list[str]:
    n = 0 if language == "en" else 1
    heads = (("Step", "步骤"), ("Owner", "责任人"), ("Time", "时限"), ("What is done", "内容"), ("Materials", "材料"))
    rows = [(s.name[n], s.who[n], _limits(policy, s.clock, language), s.does[n], s.materials[n]) for s in STEPS]
    return _table(tuple(h[n] for h in heads), *rows)


def _clocks(policy: Policy, language: Tongue) -> list[str]:
    n = 0 if language == "en" else 1
    tongue = "en" if language == "en" else "zh-Hans"
    heads = (
        ("Clock", "时限"), ("For", "适用"), ("Limit", "期限"), ("From", "起点"), ("Pauses", "可暂停"),
        ("Asked by row", "依据"),
    )
    rows = [
        (CLOCKS.get(r.clock, (r.clock, r.clock))[n], _fits(r, n),
         phrases.length(r.limit.amount, r.limit.unit, tongue) if r.limit else "-", AFTER[r.after][n],
         ("yes", "是")[n] if r.pauses else "", ", ".join(map(str, r.seeds)))
        for r in policy.clocks
    ]
    return _table(tuple(h[n] for h in heads), *rows)


def _fits(rule: Rule, n: int) -> str:
    parts = [
        (("level ", "级别 ")[n], rule.levels), ("", rule.categories),
        (("fault level ", "故障等级 ")[n], rule.fault_levels), ("", rule.channels),
    ]
    said = [word + "/".join(map(str, values)) for word, values in parts if values]
    return ", ".join(said) or ("all others", "其他")[n]


def _rules(policy: Policy, n: int) -> list[str]:
    hours = policy.pause_cap.total_seconds() / 3600
    cap = policy.pause_cap_round.days
    limits = ", ".join(f"{role} {'-' if most is None else most}" for role, most in policy.approval_limits.items())
    words = ", ".join(f"{level}: {days}" for level, days in policy.word_every_days.items())
    quiet = f"{policy.quiet.since:%H:%M}-{policy.quiet.until:%H:%M}"
    english = [
        (f"Working time is {policy.opens:%H:%M} to {policy.closes:%H:%M} by the site's calendar and zone; level 1 runs "
        "around the clock. Past the published calendar a date is provisional, and staff are told."),
        f"Only a wait for the customer stops clocks: at most {hours:.0f} h each and {cap} days a round.",
        (f"Owners are reminded at {policy.remind_at:.0%} of a clock; supervisors hear at the breach and every "
        f"{policy.escalate_every.total_seconds() / 3600:.0f} h after it."),
        (f"Level 1: the next on the list is called every {policy.call_every.seconds // 60} minutes until somebody "
        "takes it up."),
        (f"Nobody is written to between {quiet} in his own zone, level 1 excepted. A customer hears at every change "
        f"and at least every so many days, by level: {words}."),
        f"Approval up to: {limits}. Above it the next role decides; above the limit of four eyes never who proposed.",
        (f"Silence counts as acceptance, never as satisfaction, {policy.silence_days} days after "
        f"{policy.confirm_reminders} reminders."),
        (f"{policy.incident_at} reports with one cause within {policy.incident_window.total_seconds() / 3600:.0f} h "
        "make an incident."),
    ]
    chinese = [
        (f"工作时间为场站日历与时区的 {policy.opens:%H:%M} 至 {policy.closes:%H:%M};一级全天候。"
        "超出已公布日历的时限为暂定,并提示员工。"),
        f"只有等待客户时才暂停计时:每次最多 {hours:.0f} 小时,每轮最多 {cap} 天。",
        (f"时限过 {policy.remind_at:.0%} 提醒责任人;超时即通知主管,此后每 "
        f"{policy.escalate_every.total_seconds() / 3600:.0f} 小时再升级。"),
        f"一级:每 {policy.call_every.seconds // 60} 分钟呼叫名单中的下一位,直到有人受理。",
        f"客户与员工当地 {quiet} 不发消息(一级除外)。每次变化都通知客户,且至少每隔若干天(按级别):{words}。",
        f"审批上限:{limits}。超出由上一级决定;超过双人额度时,提出人不得审批。",
        f"{policy.confirm_reminders} 次提醒后 {policy.silence_days} 天无回复,视为接受(不计为满意)。",
        f"{policy.incident_window.total_seconds() / 3600:.0f} 小时内同因 {policy.incident_at} 起,自动归为事件。",
    ]
    return [f"* {line}" for line in (english, chinese)[n]]


def _who(n: int) -> list[str]:
    heads = (("Action", "操作"), ("Roles (admin always)", "角色(管理员均可)"), ("Reason", "需说明理由"))
    yes = ("needed", "需要")[n]
    rows = [(action, ", ".join(roles), yes if action in NEEDS_REASON else "") for action, roles in ROLES.items()]
    return _table(tuple(h[n] for h in heads), *rows)


def both(policy: Policy) -> str:
    """The page of the docs: English, then Chinese."""
    return page(policy, "en") + "\n---\n\n" + page(policy, "zh")
