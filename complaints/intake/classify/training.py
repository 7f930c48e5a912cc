"""Training from the texts in `complaints/intake/data`, and an honest look at the result by cross-validation."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from complaints.intake.classify import (
    CATEGORY_OF,
    DEPARTMENT_OF,
    TOPICS,
    Classification,
    Classifier,
    concepts,
    danger,
)
from complaints.intake.classify.features import Seen, see
from complaints.intake.classify.model import IDEA_WEIGHT, SHAPE, Model, Vocabulary
from complaints.intake.classify.patterns import DATA
from complaints.intake.classify.reading import plain

LABELLED = DATA / "labelled.jsonl"
OWN = DATA / "own.jsonl"

LEAST = 2
"""A run of characters or words seen in fewer texts is not learned."""
FIRMNESS = 0.7
"""The inverse of the pull towards zero (scikit-learn's C)."""
STEEPNESS = 4.0
"""From distances to likelihoods: chosen so that texts answered with 0.8 are right in about 80 of 100 cases."""
WEIGHTS = {"own": 1.0, "labelled": 2.0, "correction": 3.0}
"""How much a text counts, by where it came from: what people really wrote counts more than what we made up."""
FOLDS, ROUNDS = 5, 4


@dataclass(frozen=True, slots=True)
class Row:
    text: str
    language: str
    topic: str
    level: int
    also: tuple[str, ...]
    source: str

    @property
    def accepted(self) -> frozenset[str]:
        return frozenset((self.topic, *self.also))


def rows(path: Path, source: str) -> list[Row]:
    return [row(json.loads(line), source) for line in path.read_text("utf-8").splitlines() if line.strip()]


def row(raw: dict[str, object], source: str) -> Row:
    topic, level, also = str(raw["topic"]), raw["level"], raw.get("also") or ()
    if topic not in CATEGORY_OF or level not in (1, 2, 3) or not isinstance(also, (list, tuple)):
        raise ValueError(f"not a labelled text: {raw}")
    return Row(str(raw["text"]), str(raw.get("language", "")), topic, int(str(level)), tuple(map(str, also)), source)


def fingerprint(*paths: Path) -> str:
    """Of the texts and of everything else the artefact depends on."""
    recipe = [SHAPE, LEAST, FIRMNESS, STEEPNESS, WEIGHTS, IDEA_WEIGHT]
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode())
    for path in (concepts.WORDS, danger.WORDS, *paths):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def train(corrections: Path | None = None) -> Model:
    """From everything we have; a correction of a text we have replaces its label."""
    corrected = rows(corrections, "correction") if corrections else []
    known = {each.text for each in corrected}
    texts = [each for each in rows(LABELLED, "labelled") + rows(OWN, "own") if each.text not in known] + corrected
    paths = (LABELLED, OWN, corrections) if corrections else (LABELLED, OWN)
    model = fit(texts, [see(plain(each.text)) for each in texts])
    model.notes.update(fingerprint=fingerprint(*paths), texts=dict(Counter(each.source for each in texts)))
    return model


def fit(texts: Sequence[Row], seen: Sequence[Seen]) -> Model:
    from scipy.sparse import csr_matrix
    from sklearn.svm import LinearSVC

    vocabulary = Vocabulary.of(seen, LEAST)
    read = [vocabulary.read(each) for each in seen]
    starts = np.cumsum([0, *(len(columns) for columns, _, _ in read)])
    columns = np.concatenate([np.array(columns, dtype=np.int64) for columns, _, _ in read])
    values = np.concatenate([values for _, values, _ in read])
    table = csr_matrix((values, columns, starts), shape=(len(texts), vocabulary.size))
    learner = LinearSVC(C=FIRMNESS, random_state=0)
    learner.fit(
        table, [TOPICS.index(each.topic) for each in texts], sample_weight=[WEIGHTS[each.source] for each in texts]
    )
    weights, bias = everywhere(learner.classes_, learner.coef_, learner.intercept_)
    return Model(TOPICS, vocabulary, weights, bias, {})


def everywhere(
    classes: Iterable[int], weights: np.ndarray, bias: np.ndarray
) -> tuple[np.typing.NDArray[np.float32], np.typing.NDArray[np.float32]]:
    """Columns for all topics, also for one that no text had."""
    all_weights = np.zeros((weights.shape[1], len(TOPICS)), dtype=np.float32)
    all_bias = np.full(len(TOPICS), -20.0, dtype=np.float32)
    for row_of, topic in enumerate(classes):
        all_weights[:, topic], all_bias[topic] = STEEPNESS * weights[row_of], STEEPNESS * bias[row_of]
    return all_weights, all_bias


@dataclass(slots=True)
class Tally:
    """Answers counted; every text is answered by a model that never saw it."""

    asked: int = 0
    topic: int = 0
    exact: int = 0
    category: int = 0
    department: int = 0
    level: int = 0
    of_danger: int = 0
    danger_found: int = 0
    danger_called: int = 0

    def add(self, row: Row, answer: Classification) -> None:
        self.asked += 1
        self.topic += answer.topic in row.accepted
        self.exact += answer.topic == row.topic
        self.category += answer.category == CATEGORY_OF[row.topic]
        self.department += answer.department == DEPARTMENT_OF[row.topic]
        self.level += answer.level == row.level
        self.of_danger += row.topic == "safety"
        self.danger_found += answer.danger and row.topic == "safety"
        self.danger_called += answer.danger

    def share(self, count: int) -> str:
        return f"{100 * count / self.asked:.1f} %" if self.asked else "-"

    @property
    def recall(self) -> str:
        return f"{100 * self.danger_found / self.of_danger:.1f} %" if self.of_danger else "-"

    @property
    def precision(self) -> str:
        return f"{100 * self.danger_found / self.danger_called:.1f} %" if self.danger_called else "-"


@dataclass(slots=True)
class Evaluation:
    total: Tally = field(default_factory=Tally)
    languages: dict[str, Tally] = field(default_factory=dict)
    topics: dict[str, Tally] = field(default_factory=dict)
    confused: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[tuple[Row, Classification]] = field(default_factory=list)
    sure: dict[str, Tally] = field(default_factory=dict)

    def add(self, row: Row, answer: Classification) -> None:
        self.total.add(row, answer)
        self.languages.setdefault(row.language, Tally()).add(row, answer)
        self.topics.setdefault(row.topic, Tally()).add(row, answer)
        self.sure.setdefault(band(answer.confidence), Tally()).add(row, answer)
        self.confused[row.topic, answer.topic] += 1
        if answer.topic not in row.accepted:
            self.wrong.append((row, answer))


def band(confidence: float) -> str:
    for low in (0.9, 0.7, 0.5, 0.3):
        if confidence >= low:
            return f">= {low}"
    return "< 0.3"


def cross_validate(asked: Sequence[Row], always: Sequence[Row], rounds: int = ROUNDS) -> Evaluation:
    """Stratified folds over the texts asked; those in `always` are in every training, never in a test."""
    seen = {each.text: see(plain(each.text)) for each in [*asked, *always]}
    result = Evaluation()
    for learn, ask in splits([each.topic for each in asked], rounds):
        texts = [asked[i] for i in learn] + list(always)
        answers = Classifier(fit(texts, [seen[each.text] for each in texts]))
        for i in ask:
            result.add(asked[i], answers.classify(asked[i].text))
    return result


def taught_only(asked: Sequence[Row], taught: Sequence[Row]) -> Evaluation:
    """All texts asked of a model trained from other texts alone."""
    answers = Classifier(fit(taught, [see(plain(each.text)) for each in taught]))
    result = Evaluation()
    for each in asked:
        result.add(each, answers.classify(each.text))
    return result


def splits(topics: Sequence[str], rounds: int) -> Iterator[tuple[list[int], list[int]]]:
    from sklearn.model_selection import StratifiedKFold

    nothing = np.zeros(len(topics))
    for seed in range(rounds):
        for learn, ask in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(nothing, topics):
            yield learn.tolist(), ask.tolist()


def judge(path: Path, classify: Callable[[str], Classification]) -> Evaluation:
    """A model on texts of a file."""
    result = Evaluation()
    for each in rows(path, "labelled"):
        result.add(each, classify(each.text))
    return result
