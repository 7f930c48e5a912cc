"""Train and judge the classifier: `python -m complaints.intake.classify train | evaluate | say TEXT`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from complaints.intake.classify import SHIPPED, Classifier, classify


def main(arguments: list[str]) -> None:
    options = parser().parse_args(arguments)
    match options.command:
        case "train":
            train(options.corrections, options.out)
        case "evaluate":
            evaluate(options.rounds, options.page)
        case "judge":
            judge(options.file, options.model)
        case _:
            for name, value in asdict(classify(options.text)).items():
                print(f"{name:12} {value}")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m complaints.intake.classify", description=__doc__)
    commands = made.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train", help="train the topics from the texts in complaints/intake/data")
    training.add_argument("--corrections", type=Path, help="labelled texts from the desk, one JSON object a line")
    training.add_argument("--out", type=Path, default=SHIPPED)
    evaluation = commands.add_parser("evaluate", help="cross-validate on the labelled texts")
    evaluation.add_argument("--rounds", type=int, default=4)
    evaluation.add_argument("--page", type=Path, help="write the figures to this page (docs/classification.md)")
    judging = commands.add_parser("judge", help="ask a model for the texts of a file and count")
    judging.add_argument("file", type=Path)
    judging.add_argument("--model", type=Path, default=SHIPPED)
    saying = commands.add_parser("say", help="classify one text")
    saying.add_argument("text")
    return made


def train(corrections: Path | None, out: Path) -> None:
    from complaints.intake.classify import training

    model = training.train(corrections)
    model.save(out)
    print(f"{out}: {model.vocabulary.size} columns, {out.stat().st_size // 1024} KiB, from {model.notes['texts']}")


def evaluate(rounds: int, page: Path | None) -> None:
    from complaints.intake.classify import report, training

    labelled, own = training.rows(training.LABELLED, "labelled"), training.rows(training.OWN, "own")
    judged = training.cross_validate(labelled, own, rounds)
    print(report.summary(judged), report.confusions(judged), sep="\n\n")
    ours = training.cross_validate(own, labelled, 1)
    print("\nOur own texts, each held out in turn:\n", report.summary(ours), sep="\n")
    if page:
        alone = training.cross_validate(labelled, [], 1), training.taught_only(labelled, own)
        page.write_text(report.page(report.Figures(judged, ours, *alone, rounds)), "utf-8")


def judge(file: Path, model: Path) -> None:
    from complaints.intake.classify import report, training

    judged = training.judge(file, Classifier.load(model).classify)
    print(report.summary(judged))
    for row, answer in judged.wrong:
        print(f"{row.topic} <- {answer.topic} {answer.confidence}: {row.text}")


if __name__ == "__main__":
    main(sys.argv[1:])
