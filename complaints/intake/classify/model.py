"""The learned part: a linear model over what `features` sees, kept as plain arrays and scored with numpy alone."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from complaints.intake.classify.features import Places, Seen

Floats = npt.NDArray[np.float32]

IDEA_WEIGHT = 0.08
"""Of one idea, where all character and word runs of a text together have length 1. Heavier ideas look better on
the labelled texts, whose vocabulary their patterns were written from, and worse on texts of other words."""
SHAPE = 1
"""Raised when the artefact's arrays change their meaning."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Columns of the model: character and word runs first, with their rarity; ideas after them."""

    grams: dict[str, int]
    rarity: Floats
    ideas: dict[str, int]

    @property
    def size(self) -> int:
        return len(self.grams) + len(self.ideas)

    @classmethod
    def of(cls, texts: Sequence[Seen], least: int) -> Vocabulary:
        grams = Counter(gram for seen in texts for gram in seen.grams)
        kept = sorted(gram for gram, count in grams.items() if count >= least)
        ideas = sorted({idea for seen in texts for idea in seen.ideas})
        rarity = np.array([np.log((1 + len(texts)) / (1 + grams[gram])) + 1 for gram in kept], dtype=np.float32)
        columns = {gram: i for i, gram in enumerate(kept)}
        return cls(columns, rarity, {idea: len(kept) + i for i, idea in enumerate(ideas)})

    def read(self, seen: Seen) -> tuple[list[int], Floats, list[Places]]:
        """The columns a text fills, their values, and the places in the text behind each."""
        known = [(self.grams[gram], places) for gram, places in seen.grams.items() if gram in self.grams]
        columns = [column for column, _ in known]
        values = np.array([1 + np.log(len(places)) for _, places in known], dtype=np.float32)
        values = values * self.rarity[columns] if columns else values
        length = float(np.sqrt((values * values).sum())) or 1.0
        ideas = [(self.ideas[name], places) for name, places in seen.ideas.items() if name in self.ideas]
        weights = np.full(len(ideas), IDEA_WEIGHT, dtype=np.float32)
        return (
            columns + [column for column, _ in ideas],
            np.concatenate([values / length, weights]).astype(np.float32),
            [places for _, places in known] + [places for _, places in ideas],
        )


@dataclass(frozen=True, slots=True)
class Model:
    topics: tuple[str, ...]
    vocabulary: Vocabulary
    weights: Floats
    """Row: column of the vocabulary; column: topic."""
    bias: Floats
    notes: dict[str, Any]
    """What it was trained from: hashes and counts."""

    def likelihoods(self, seen: Seen) -> Floats:
        columns, values, _ = self.vocabulary.read(seen)
        scores = values @ self.weights[columns] + self.bias
        grown = np.exp(scores - scores.max())
        return np.asarray(grown / grown.sum(), dtype=np.float32)

    def shares(self, seen: Seen, topic: int, likelihoods: Floats, length: int) -> Floats:
        """How much each character of the text spoke for `topic` rather than for its nearest rivals."""
        columns, values, places = self.vocabulary.read(seen)
        rivals = [i for i in np.argsort(-likelihoods) if i != topic][:4]
        lead = self.weights[columns]
        gains = values * (lead[:, topic] - lead[:, rivals].mean(axis=1))
        shares = np.zeros(length, dtype=np.float32)
        for gain, spans in zip(gains, places, strict=True):
            for start, end in spans:
                shares[start:end] += gain / len(spans) / (end - start)
        return shares

    def save(self, path: Path) -> None:
        packed = io.BytesIO()
        np.savez_compressed(
            packed,
            weights=self.weights.astype(np.float16),
            bias=self.bias.astype(np.float32),
            rarity=self.vocabulary.rarity.astype(np.float32),
            head=np.frombuffer(self.head().encode(), dtype=np.uint8),
        )
        path.write_bytes(packed.getvalue())

    def head(self) -> str:
        return json.dumps(
            {
                "shape": SHAPE,
                "topics": self.topics,
                "grams": list(self.vocabulary.grams),
                "ideas": list(self.vocabulary.ideas),
                "notes": self.notes,
            },
            ensure_ascii=False,
        )

    @classmethod
    def load(cls, path: Path) -> Model:
        with np.load(path, allow_pickle=False) as arrays:
            head = json.loads(arrays["head"].tobytes().decode())
            if head["shape"] != SHAPE:
                raise ValueError(f"{path} was made by another release; train it again")
            grams = {gram: i for i, gram in enumerate(head["grams"])}
            ideas = {idea: len(grams) + i for i, idea in enumerate(head["ideas"])}
            return cls(
                topics=tuple(head["topics"]),
                vocabulary=Vocabulary(grams, arrays["rarity"], ideas),
                weights=arrays["weights"].astype(np.float32),
                bias=arrays["bias"],
                notes=head["notes"],
            )
