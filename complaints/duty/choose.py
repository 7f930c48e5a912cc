"""Who owns a case: by department, site, region, language and load; who is away is stood in for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ROLES_OF: Mapping[str, tuple[str, ...]] = {
    "maintenance": ("technician",), "finance": ("finance",), "customer_relations": ("agent",),
    "site_operations": ("agent",), "tech_support": ("agent", "technician"), "legal": ("supervisor",),
}
"""Who does a department's work where nobody has been entered for it."""
SENIOR = ("supervisor", "admin")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may own cases. `away`: not on duty now; `substitute` stands in."""

    name: str
    role: str
    departments: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    capacity: int = 20
    load: int = 0
    on_call: int | None = None
    away: bool = False
    substitute: str | None = None

    def does(self, department: str) -> bool:
        return department in self.departments if self.departments else self.role in ROLES_OF.get(department, ("agent",))


@dataclass(frozen=True, slots=True)
class Need:
    """What a case asks of its owner."""

    department: str
    level: int = 2
    site: str | None = None
    region: str | None = None
    language: str | None = None
    without: frozenset[str] = frozenset()
    """Who may not: the earlier handlers, in a second review."""


@dataclass(frozen=True, slots=True)
class Chosen:
    name: str
    because: tuple[str, ...]


def choose(people: Sequence[Person], need: Need) -> Chosen | None:
    """The owner, with the reasons; None where nobody is there for it."""
    if need.level == 1 and (found := _duty_manager(people, need)):
        return found
    mine = [p for p in people if p.does(need.department)]
    there = _on_duty(mine, people, need)
    if there:
        best, because = min(there, key=lambda one: _rank(one[0], need))
        return Chosen(best.name, (f"does {need.department}", *because, *_fits(best, need)))
    senior = _on_duty([p for p in people if p.role in SENIOR], people, need)
    if senior:
        best, because = min(senior, key=lambda one: (one[0].role == "admin", *_rank(one[0], need)))
        return Chosen(best.name, (f"nobody on duty does {need.department}", *because))
    return None


def _duty_manager(people: Sequence[Person], need: Need) -> Chosen | None:
    on_call = [p for p in people if p.on_call is not None or p.role == "supervisor"]
    there = _on_duty(on_call, people, need)
    if not there:
        return None
    best, because = min(there, key=lambda one: (one[0].on_call is None, one[0].on_call or 0, *_rank(one[0], need)))
    return Chosen(best.name, ("duty manager for level 1", *because))


def _on_duty(
    wanted: Sequence[Person], people: Sequence[Person], need: Need
) -> list[tuple[Person, tuple[str, ...]]]:
    """Those of them who are here, and the substitutes of those who are not."""
    by_name = {p.name: p for p in people}
    found: dict[str, tuple[Person, tuple[str, ...]]] = {}
    for person in wanted:
        if not person.away:
            found[person.name] = person, ()
        elif (other := _stand_in(person, by_name)) is not None:
            found.setdefault(other.name, (other, (f"stands in for {person.name}",)))
    return [one for name, one in found.items() if name not in need.without]


def _stand_in(person: Person, by_name: Mapping[str, Person]) -> Person | None:
    """The substitute, or his; a circle of people who are all away ends."""
    seen = {person.name}
    while person.away:
        if person.substitute is None or person.substitute in seen or person.substitute not in by_name:
            return None
        person = by_name[person.substitute]
        seen.add(person.name)
    return person


def _fits(person: Person, need: Need) -> tuple[str, ...]:
    return tuple(
        word for word, holds in (
            (f"site {need.site}", need.site in person.sites), (f"region {need.region}", need.region in person.regions),
            (f"speaks {need.language}", need.language in person.languages),
            (f"{person.load} open cases", True),
        ) if holds
    )


def _rank(person: Person, need: Need) -> tuple[object, ...]:
    """The better fit, then the lighter load. Who is bound to other sites or regions comes last."""
    return (
        need.site not in person.sites and bool(person.sites), need.site not in person.sites,
        need.region not in person.regions and bool(person.regions), need.region not in person.regions,
        need.language not in person.languages and bool(person.languages),
        person.load >= person.capacity, person.load / max(person.capacity, 1), person.name,
    )


def call_list(people: Sequence[Person]) -> list[str]:
    """Who is called for a level 1 case, one after the other: those on call, supervisors, admins."""
    here = [p for p in people if not p.away]
    order = sorted(here, key=lambda p: (p.on_call is None, p.on_call or 0, SENIOR.index(p.role)
                   if p.role in SENIOR else 9, p.name))
    return [p.name for p in order if p.on_call is not None or p.role in SENIOR]


def in_place_of(name: str, people: Sequence[Person]) -> str:
    """Whom a word meant for somebody reaches now."""
    by_name = {p.name: p for p in people}
    person = by_name.get(name)
    if person is None or not person.away:
        return name
    found = _stand_in(person, by_name)
    return found.name if found else name
