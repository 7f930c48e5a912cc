"""`python -m tools.fuzz --seconds 600`: what reads a station's text, with text that nobody meant for it.

Guided by which lines each input reaches (atheris, not among our dependencies: it has no wheels for some machines, so
`pip install -r requirements-fuzz.lock` first). It begins with the least and the fullest example of every message and
answer in every version, and ends at the first input that raises out of the reader: the input lies in `--keep` then.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import atheris
import orjson

with atheris.instrument_imports(include=["csms.ocpp"]):
    from csms.errors import StationMistake
    from csms.ocpp import TRANSLATORS, Answered, Asked, Link, decode, schemas
    from csms.ocpp.veil import may_hold_secret, veil_text

from tools.examples import example

PROTOCOLS = tuple(TRANSLATORS)
QUESTION = 0
"""The second byte of an input: a question of the station, or else the answer to so-manieth of our commands."""
COMMANDS = {protocol: sorted(schemas.ASKED[protocol]) for protocol in PROTOCOLS}
FULL = {p: {action: example(p, action, full=True) for action in COMMANDS[p]} for p in PROTOCOLS}


def hear(data: bytes) -> None:
    """One input: a byte for the version, one for what is answered, and what the station sent."""
    if len(data) < 3:
        return
    protocol, answers, text = PROTOCOLS[data[0] % len(PROTOCOLS)], data[1], data[2:].decode("utf-8", "ignore")
    link = Link(protocol)
    if answers != QUESTION:
        action = COMMANDS[protocol][answers % len(COMMANDS[protocol])]
        link.ask("c", action, FULL[protocol][action])
    received = link.receive(veil_text(text) if may_hold_secret(text) else text)
    if isinstance(received, Asked):
        with suppress(StationMistake):
            decode(protocol, received.action, received.payload)
    elif isinstance(received, Answered):
        translator = TRANSLATORS[protocol]
        translator.read_outcome(received.action, received.payload, received.error_code)
        if received.payload is not None:
            translator.read_answer(received.action, FULL[protocol][received.action], received.payload)


def seeds() -> Iterator[bytes]:
    for number, protocol in enumerate(PROTOCOLS):
        for action in sorted(schemas.SAID[protocol]):
            for full in (False, True):
                frame = [2, "s", action, example(protocol, action, full)]
                yield bytes((number, QUESTION)) + orjson.dumps(frame)
        # A command's number in the list must not read as QUESTION: one round further is the same command.
        for at, action in enumerate(COMMANDS[protocol]):
            answered = at or len(COMMANDS[protocol])
            yield bytes((number, answered)) + orjson.dumps([3, "c", example(protocol, action, True, answer=True)])


def words() -> str:
    """The names that messages are made of, as libFuzzer's dictionary."""
    names = {name for protocol in PROTOCOLS for name in (*schemas.SAID[protocol], *COMMANDS[protocol])}
    for data in seeds():
        names |= _names(orjson.loads(data[2:]))
    plain = sorted(name for name in names if name.isascii() and name.isprintable() and not set(name) & {'"', "\\"})
    return "".join(f'"{name}"\n' for name in plain if name)


def _names(node: object) -> set[str]:
    if isinstance(node, dict):
        return set(node).union(*map(_names, node.values()))
    if isinstance(node, list):
        return set().union(*map(_names, node))
    return {node} if isinstance(node, str) and len(node) < 60 else set()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--keep", type=Path, default=Path(), help="folder for an input that raised")
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--again", type=Path, help="only this one input")
    options = parser.parse_args()
    if options.again:
        hear(options.again.read_bytes())
        return
    with tempfile.TemporaryDirectory(prefix="ohmbudsman-fuzz-") as folder:
        child = os.fork()  # libFuzzer ends its process without a goodbye: the folder is the parent's to remove
        if not child:
            _fuzz(Path(folder), options)
        _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


def _fuzz(folder: Path, options: argparse.Namespace) -> None:
    corpus, dictionary = folder / "corpus", folder / "words"
    corpus.mkdir()
    for number, data in enumerate(seeds()):
        (corpus / f"{number:04d}").write_bytes(data)
    dictionary.write_text(words(), "utf-8")
    atheris.Setup(["fuzz", f"-max_total_time={options.seconds}", f"-dict={dictionary}", f"-seed={options.seed}",
                   f"-artifact_prefix={options.keep}/", "-max_len=4096", "-timeout=10", "-print_final_stats=1",
                   str(corpus)], hear)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
