"""The figures of an evaluation in words: for the terminal, and as the page docs/classification.md."""

from __future__ import annotations

from complaints.intake.classify.training import FOLDS, Evaluation, Tally

HEAD = "| | texts asked | department | topic or `also` | topic exactly | category | level | safety recall | safety precision |\n|---|---|---|---|---|---|---|---|---|"


def line(name: str, tally: Tally) -> str:
    shares = (tally.department, tally.topic, tally.exact, tally.category, tally.level)
    counted = " | ".join(tally.share(count) for count in shares)
    return f"| {name} | {tally.asked} | {counted} | {tally.recall} | {tally.precision} |"


def summary(judged: Evaluation) -> str:
    languages = [line(name, tally) for name, tally in sorted(judged.languages.items())]
    return "\n".join([HEAD, line("all", judged.total), *languages])


def confusions(judged: Evaluation) -> str:
    """Row: what it was; what it was taken for, most often first."""
    rows = ["| it was | asked | accepted | taken for |", "|---|---|---|---|"]
    for topic, tally in sorted(judged.topics.items()):
        taken = sorted(
            ((count, other) for (was, other), count in judged.confused.items() if was == topic != other), reverse=True
        )
        words = ", ".join(f"{other} {count}" for count, other in taken)
        rows.append(f"| {topic} | {tally.asked} | {tally.share(tally.topic)} | {words} |")
    return "\n".join(rows)
