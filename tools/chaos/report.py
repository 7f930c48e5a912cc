"""The run as a table: faults, how often, what was lost, what was doubled, how long until all was well."""

from __future__ import annotations

from statistics import median

from tools.chaos.run import Result

LIVED_LONG = 8
"""Rounds a process must have lived through for its growth to say anything."""


def table(result: Result) -> str:
    lines = ["| fault | times | acknowledged and lost | doubled | back after, median / longest |", "|---" * 5 + "|"]
    verdict = result.verdict
    for fault, times in sorted(result.recoveries.items()):
        lines.append(
            f"| {fault.replace('_', ' ')} | {len(times)} | {verdict.lost[fault]} | {verdict.doubled[fault]} "
            f"| {median(times):.1f} / {max(times):.1f} s |"
        )
    total = sum(map(len, result.recoveries.values()))
    lines.append(f"| **all** | **{total}** | **{verdict.lost.total()}** | **{verdict.doubled.total()}** | |")
    return "\n".join([*lines, "", *_words(result)])


def _words(result: Result) -> list[str]:
    verdict, work = result.verdict, result.work
    said = [(
        f"{result.seconds / 60:.0f} minutes, {result.kills} SIGKILLs, {verdict.acknowledged:,} acknowledged messages, "
        f"{verdict.frames:,} journal rows verified."
    )]
    if work:
        ends = ", ".join(f"{n} {state}" for state, n in sorted(work.ends.items()))
        said.append(f"The desk confirmed {len(work.asked)} commands ({ends}) and {len(work.filed)} complaints.")
    lived = {who: sizes for who, sizes in result.memory.items() if len(sizes) >= LIVED_LONG}
    if lived:
        (role, _), sizes = max(lived.items(), key=lambda item: len(item[1]))
        said.append(
            f"Memory: no process above {max(max(s) for s in result.memory.values()):.0f} MiB; the one that lived "
            f"longest ({role}, {len(sizes)} rounds) began with {sizes[0]:.0f} MiB and ended with {sizes[-1]:.0f} MiB."
        )
    said += [f"Not possible here: {', '.join(result.skipped)}."] if result.skipped else []
    said.append("All of it agrees." if verdict.holds else "**It does not agree:**")
    return [*said, *(f"* {wrong}" for wrong in verdict.wrong)]
