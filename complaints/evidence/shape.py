"""An assessment in the contract's shape, and what differs between two of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from complaints.findings import Candidate, Finding, Judgement, Ref, Remedy, RemoteAction, Words
from csms.kit.clock import iso

CENT = Decimal("0.01")


def money(amount: Decimal) -> str:
    return str(amount.quantize(CENT, ROUND_HALF_UP))


@lru_cache(maxsize=1)
def _traditional() -> Any:
    import opencc

    return opencc.OpenCC("s2hk")


def words(said: Words, *, hant: bool = False) -> dict[str, str]:
    shape = {"en": said.en, "zh": said.zh}
    if hant or said.zh_hant:
        shape["zh-Hant"] = said.zh_hant or str(_traditional().convert(said.zh))
    return shape


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {"id": candidate.id, "score": round(candidate.score, 4), "because": list(candidate.because)}


def _ref(ref: Ref) -> dict[str, Any]:
    return {"kind": ref.kind, "id": ref.id, "at": iso(ref.at) if ref.at else None}


def _finding(finding: Finding, hant: bool) -> dict[str, Any]:
    return {
        "code": finding.code, "stance": finding.stance, "confidence": round(finding.confidence, 4),
        "grade": finding.grade, "summary": words(finding.summary, hant=hant),
        "refs": [_ref(ref) for ref in finding.refs],
    }


def _remedy(remedy: Remedy, hant: bool) -> dict[str, Any]:
    shape: dict[str, Any] = {"kind": remedy.kind}
    if remedy.amount is not None:
        shape |= {"amount": money(remedy.amount), "currency": remedy.currency}
    return shape | ({"note": words(remedy.note, hant=hant)} if remedy.note else {})


def remote_json(action: RemoteAction, *, hant: bool = False) -> dict[str, Any]:
    return {
        "action": action.action, "allowed": action.allowed, "guards": list(action.guards),
        "why": words(action.why, hant=hant),
    }


def judgement_json(judgement: Judgement, *, hant: bool = False) -> dict[str, Any]:
    """A judgement in the contract's shape. `hant` adds Traditional Chinese."""
    bill = judgement.bill
    return {
        "transaction": _candidate(judgement.transaction) if judgement.transaction else None,
        "alternatives": [_candidate(other) for other in judgement.alternatives],
        "findings": [_finding(finding, hant) for finding in judgement.findings],
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
        "remedies": [_remedy(remedy, hant) for remedy in judgement.remedies],
        "remote": [remote_json(action, hant=hant) for action in judgement.remote],
        "explanation": words(judgement.explanation, hant=hant),
        "steps": list(judgement.steps),
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a new version says differently: whole fields, and findings by their code.

    `remote` is left out: which guards hold changes by the minute, and is asked anew before every action.
    """
    plain = ("verdict", "liability", "transaction", "bill", "remedies")
    changed = [
        {"field": name, "before": before.get(name), "after": after.get(name)}
        for name in plain if before.get(name) != after.get(name)
    ]
    stances = [{f["code"]: f["stance"] for f in one.get("findings", ())} for one in (before, after)]
    changed += [
        {"field": f"findings.{code}", "before": stances[0].get(code), "after": stances[1].get(code)}
        for code in sorted(stances[0].keys() | stances[1].keys()) if stances[0].get(code) != stances[1].get(code)
    ]
    return changed
