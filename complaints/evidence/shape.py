"""An assessment in the contract's shape, and what differs between two of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from complaints.chinese import traditional
from complaints.findings import Candidate, Finding, Judgement, Ref, Remedy, RemoteAction, Words
from complaints.verdict.terms import LIABLE, REMEDIES, STANCES, VERDICTS
from csms.kit.clock import iso

CENT = Decimal("0.01")


def money(amount: Decimal) -> str:
    return str(amount.quantize(CENT, ROUND_HALF_UP))


def words(said: Words) -> dict[str, str]:
    """In the product's languages; `zh` is zh-Hans."""
    return {"en": said.en, "zh": said.zh, "zh-Hant": said.zh_hant or traditional(said.zh)}


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {"id": candidate.id, "score": round(candidate.score, 4), "because": list(candidate.because)}


def _ref(ref: Ref) -> dict[str, Any]:
    return {"kind": ref.kind, "id": ref.id, "at": iso(ref.at) if ref.at else None}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code, "stance": finding.stance, "confidence": round(finding.confidence, 4),
        "grade": finding.grade, "summary": words(finding.summary),
        "refs": [_ref(ref) for ref in finding.refs],
    }


def _remedy(remedy: Remedy) -> dict[str, Any]:
    shape: dict[str, Any] = {"kind": remedy.kind}
    if remedy.amount is not None:
        shape |= {"amount": money(remedy.amount), "currency": remedy.currency}
    return shape | ({"note": words(remedy.note)} if remedy.note else {})


def remote_json(action: RemoteAction) -> dict[str, Any]:
    return {
        "action": action.action, "allowed": action.allowed, "guards": list(action.guards),
        "why": words(action.why),
    }


def judgement_json(judgement: Judgement) -> dict[str, Any]:
    """A judgement in the contract's shape."""
    bill = judgement.bill
    return {
        "transaction": _candidate(judgement.transaction) if judgement.transaction else None,
        "alternatives": [_candidate(other) for other in judgement.alternatives],
        "findings": [_finding(finding) for finding in judgement.findings],
        "verdict": judgement.verdict,
        "liability": judgement.liability,
        "bill": {
            "currency": bill.currency, "expected": money(bill.expected), "charged": money(bill.charged),
            "held": money(bill.held),
            "lines": [
                {"what": line.what, "quantity": line.quantity, "price": line.price, "amount": money(line.amount)}
                for line in bill.lines
            ],
        } if bill else None,
        "remedies": [_remedy(remedy) for remedy in judgement.remedies],
        "remote": [remote_json(action) for action in judgement.remote],
        "explanation": words(judgement.explanation),
        "agent_note": words(judgement.agent_note),
        "steps": list(judgement.steps),
        "decisive": list(judgement.decisive),
    }


_PLAIN = ("verdict", "liability", "transaction", "bill", "remedies")


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a new version says differently: whole fields, and findings by their code.

    `remote` is left out: which guards hold changes by the minute, and is asked anew before every action.
    """
    changed = [
        {"field": name, "before": before.get(name), "after": after.get(name)}
        for name in _PLAIN if before.get(name) != after.get(name)
    ]
    stances = [{f["code"]: f["stance"] for f in one.get("findings", ())} for one in (before, after)]
    changed += [
        {"field": f"findings.{code}", "before": stances[0].get(code), "after": stances[1].get(code)}
        for code in sorted(stances[0].keys() | stances[1].keys()) if stances[0].get(code) != stances[1].get(code)
    ]
    return changed


def note_of(changed: Sequence[Mapping[str, Any]]) -> Words:
    """What a new version says differently, in one line for staff; empty when nothing."""
    said = [note for change in changed if (note := _note(change["field"], change["before"], change["after"]))]
    return Words("; ".join(n.en for n in said), "；".join(n.zh for n in said))


def _note(field: str, before: Any, after: Any) -> Words | None:
    code = field.removeprefix("findings.")
    match field:
        case "verdict":
            return Words(f"verdict: {before} → {after}", f"结论：{_moved(VERDICTS, before, after)}")
        case "liability":
            return Words(f"liability: {before} → {after}", f"责任方：{_moved(LIABLE, before, after)}")
        case "transaction":
            one, other = before and before["id"], after and after["id"]
            if one == other:
                return None
            return Words(
                f"transaction: {one or 'none'} → {other or 'none'}", f"对应充电记录：{one or '无'} → {other or '无'}"
            )
        case "bill":
            one, other = _bill(before), _bill(after)
            return Words(f"bill: {one} → {other}", f"账单：{one} → {other}") if one != other else None
        case "remedies":
            one, other = _remedies(before), _remedies(after)
            said, said_then = _remedies(before, REMEDIES), _remedies(after, REMEDIES)
            return Words(f"remedies: {one} → {other}", f"处理建议：{said} → {said_then}") if one != other else None
        case _ if before is None:
            return Words(f"now found: {code}", f"新发现：{code}")
        case _ if after is None:
            return Words(f"no longer found: {code}", f"不再成立：{code}")
        case _:
            return Words(f"{code}: {before} → {after}", f"{code}：{_moved(STANCES, before, after)}")


def _moved(names: Mapping[str, str], before: str, after: str) -> str:
    return f"{names.get(before, before)} → {names.get(after, after)}"


def _bill(bill: Mapping[str, Any] | None) -> str:
    return f"{bill['expected']} / {bill['charged']} {bill['currency']}" if bill else "-"


def _remedies(remedies: Sequence[Mapping[str, Any]], names: Mapping[str, str] | None = None) -> str:
    kinds = names or {}
    said = (" ".join(filter(None, (kinds.get(r["kind"], r["kind"]), r.get("amount")))) for r in remedies)
    return ("、" if names else ", ").join(said) or "-"
