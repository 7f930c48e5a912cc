"""Whatever the domain says in English is put into the reader's language: errors, reasons, names of findings."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from complaints.duty import Need, choose
from complaints.duty.choose import Person
from complaints.incidents import look
from complaints.incidents.group import Report, group
from complaints.intake.weigh import LEANINGS
from complaints.web.because import reason
from complaints.web.labels import LABELS
from complaints.web.mistakes import MISTAKES, mistake
from complaints.web.office.kept import field_words, value_words
from complaints.web.shown import country, when, whole
from complaints.web.tongue import Tongue, catalogue
from tools.findings_table import told

ROOT = Path(__file__).parents[2]
ZH, EN = Tongue("zh-Hans"), Tongue("en")
MACHINES = ("backup", "checkup", "export", "hooks", "intake/doors", "intake/mail", "intake/papers", "ocmf", "oidc",
            "outbound", "rest", "scenario", "settings")
"""Parts of `complaints` whose errors go to programs and to the command line only."""
ALSO = ("csms/api/*.py", "csms/payments.py", "csms/tariffs.py")
"""What of the central system is reached from forms."""
MESSAGE_AT = {"BadInput": 1, "Conflict": 0}


def shown_files() -> list[Path]:
    ours = [f for f in sorted((ROOT / "complaints").rglob("*.py"))
            if not f.relative_to(ROOT / "complaints").as_posix().startswith(MACHINES)]
    return [*ours, *(file for name in ALSO for file in sorted(ROOT.glob(name)))]


def messages(file: Path) -> Iterator[tuple[int, str]]:
    """(line, message) of every error raised there, with `1` for what is filled in."""
    module = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    for raised in ast.walk(ast.parse(file.read_text())):
        if isinstance(raised, ast.Raise) and raised.exc is not None:
            for call in ast.walk(raised.exc):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in MESSAGE_AT:
                    said = sample(call.args[MESSAGE_AT[call.func.id]], module)
                    yield from ((raised.lineno, one) for one in said)


def sample(message: ast.expr, module: ModuleType) -> list[str]:
    match message:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(sample(part, module)[0] if isinstance(part, ast.Constant) else filled(part, module)
                            for part in parts)]
        case ast.BinOp(left=left):
            return [sample(left, module)[0] + "1"]
        case ast.IfExp(body=one, orelse=other):
            return [*sample(one, module), *sample(other, module)]
        case _:
            return []  # said elsewhere, or translated where it is raised


def filled(part: ast.expr, module: ModuleType) -> str:
    known = getattr(module, part.value.id, None) if (
        isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name)) else None
    return known if isinstance(known, str) else "1"


def test_a_change_of_settings_is_told_in_words() -> None:
    """No codes, no ISO times, nothing of a dictionary; and what people typed stays text."""
    def told(value: Any, field: str, setting: str) -> str:
        label = lambda code, table: ZH.gettext(LABELS[table].get(str(code), str(code)))  # noqa: E731 - as pages have it
        return str(value_words(value, field, setting, tongue=ZH, label=label, when=when("Asia/Shanghai")))

    assert field_words("on_call", ZH) == "呼叫顺序"
    assert told(["maintenance", "finance"], "departments", "person") == "运维部, 财务"
    assert (told(True, "active", "user"), told([], "members", "team"), told(None, "lead", "team")) == ("是", "–", "–")
    assert told({"grace_minutes": 15, "cap": None}, "idle", "tariff") == "免费分钟数 15, 上限 –"
    assert told("public", "kind", "site") == "对外开放"
    assert "2027-02-01 00:00" in told("2027-01-31T16:00:00Z", "valid_from", "tariff")
    assert told("<b>", "name", "team") == "&lt;b&gt;"


def test_every_error_that_a_form_can_meet_has_its_chinese() -> None:
    """A new one without a translation fails here, by file and line."""
    missing = [
        f"{file.relative_to(ROOT)}:{line}: {text}"
        for file in shown_files() for line, text in messages(file)
        if text not in catalogue("zh-Hans") and not MISTAKES.knows(text)
    ]
    assert not missing


def test_every_finding_and_record_has_a_name() -> None:
    assert {code for code, _, _ in told()} == LABELS["finding"].keys()
    assert LEANINGS.keys() <= LABELS["record"].keys()


@pytest.mark.parametrize(("kept", "zh", "en"), [
    ("C-1 is closed: nothing goes on there", "C-1 处于“已结案”，不再处理", "C-1 is Closed: nothing goes on there"),
    ("not yet: 2 work order(s) are not finished; 1 refund(s) are not decided, not sent or failed",
     "暂时不能：还有 2 张工单未完成; 1 笔退款未审批、未发出或失败",
     "not yet: 2 work order(s) are not finished; 1 refund(s) are not decided, not sent or failed"),
    ("must be somebody else", "必须是其他人", "must be somebody else"),
    ("no words for this", "no words for this", "no words for this"),
])
def test_an_error_is_told_in_the_readers_language(kept: str, zh: str, en: str) -> None:
    assert (mistake(kept, ZH), mistake(kept, EN)) == (zh, en)


@pytest.mark.parametrize(("kept", "zh", "en"), [
    ("records: stop.by_fault", "记录：因故障结束", "records: a fault ended it"),
    ("the filing lies within it", "投诉时仍在充电", "the complaint was filed while it ran"),
    ("Energy 08:00-22:00 (0.80 energy + 0.40 service)", "电量 08:00-22:00（电费 0.80 + 服务费 0.40）",
     "Energy 08:00-22:00 (0.80 energy + 0.40 service)"),
    ("daily inspection (every 1 days): shell, my own item", "日常巡检（每 1 天）：外壳, my own item",
     "daily inspection (every 1 days): shell, my own item"),
    ("付了30块钱", "付了30块钱", "付了30块钱"),
])
def test_a_reason_is_told_in_the_readers_language(kept: str, zh: str, en: str) -> None:
    assert (reason(kept, ZH), reason(kept, EN)) == (zh, en)


def test_whatever_groups_and_assigns_gives_reasons_that_can_be_read() -> None:
    at = datetime(2026, 11, 30, tzinfo=UTC)
    reports = [
        Report(f"{site}{n}", at, f"{site}-{n}", "cannot_start", True, 1, site, model, "2.1")
        for site, model in (("north", None), ("east", "DC60"), ("west", "DC60"), ("south", "DC60"))
        for n in (range(3) if model is None else (1,))
    ] + [Report(f"one{n}", at, "S-1", "slow", True, 1) for n in range(3)]
    causes = group(reports, at_least=3, connected=2, dropped=[f"gone-{n}" for n in range(5)])
    assert {cause.kind for cause in causes} == {"platform", "firmware", "site", "station"}
    for cause in causes:
        for text in (cause.title, *cause.because):
            assert reason(text, ZH) != text, text
    li = Person("li", "agent", departments=("finance",), languages=("zh-Hans",), sites=("north",))
    for need in (Need("finance", 2, "north", None, "zh-Hans"), Need("legal", 2), Need("finance", 1)):
        chosen = choose([li, Person("zhao", "supervisor", on_call=1)], need)
        assert chosen is not None
        for text in chosen.because:
            assert reason(text, ZH) != text, text


def test_a_case_we_opened_ourselves_says_so_in_the_language_of_its_reader() -> None:
    words = look.WORDS.format(amount="30.00", currency="CNY")
    assert reason(words, EN).startswith("We noticed it by ourselves: 30.00 CNY was taken")
    assert reason(words, ZH).startswith("系统自动发现")
    assert "自動發現" in reason(words, Tongue("zh-Hant"))


def test_dates_and_numbers_stay_on_one_line_and_markup_stays_text() -> None:
    shown = whole("<b>2026-12-01 14:03</b> 在HB-02, well-known, 10-20 kWh of C20261201-000005, 10.27 kWh, 12 元")
    kept = re.findall(r'<span class="whole">(.*?)</span>', shown)
    assert kept == ["2026-12-01 14:03", "HB-02", "10-20", "C20261201-000005", "10.27 kWh", "12 元"]
    assert shown.startswith("&lt;b&gt;")
    assert "well-known" in shown


def test_a_calendar_is_named_by_its_country() -> None:
    assert (country("CN", ZH), country("CN", EN), country("DE-BY", EN)) == ("中国", "China", "Germany BY")
    assert country("works", EN) == "works"
