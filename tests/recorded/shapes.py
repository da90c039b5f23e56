"""The shape of JSON answers: which fields, of which types, at which place; and how two bodies of answers differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

ROOT = "$"


@dataclass
class Place:
    """A place in an answer: the types that stand there, and in how many of the objects that could have it it does."""

    types: set[str] = field(default_factory=set)
    there: int = 0


@dataclass
class Shape:
    """The places of some answers, and how many objects stand at each place that holds objects."""

    places: dict[str, Place] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)

    def is_always(self, place: str) -> bool:
        """Whether every object that could have a field has it."""
        parent = place.rpartition(".")[0]
        return place == ROOT or self.places[place].there == self.objects.get(parent, 0)


def shape_of(answers: Iterable[object]) -> Shape:
    """Gather the places of answers."""
    shape = Shape()
    for answer in answers:
        _take(shape, ROOT, answer)
    return shape


def _take(shape: Shape, place: str, value: object) -> None:
    here = shape.places.setdefault(place, Place())
    here.there += 1
    here.types.add(kind_of(value))
    if isinstance(value, dict):
        shape.objects[place] = shape.objects.get(place, 0) + 1
        for key, item in value.items():
            _take(shape, f"{place}.{key}", item)
    elif isinstance(value, list):
        for item in value:
            _take(shape, f"{place}[]", item)


KINDS = ((bool, "truth"), (int, "number"), (float, "number"), (str, "text"), (list, "list"), (dict, "object"))


def kind_of(value: object) -> str:
    """Name a value's type as JSON has it; an empty text is told apart, since it stands for nothing."""
    if value is None or value == "":
        return "null" if value is None else "empty text"
    return next(name for kind, name in KINDS if isinstance(value, kind))


def differences(true: Shape, shown: Shape) -> Iterator[str]:
    """Say where what is shown is not what is true: a field too many, one that is missing, another type."""
    for place, here in sorted(shown.places.items()):
        if place not in true.places:
            if place.rpartition(".")[0] in true.objects or place == ROOT:
                yield f"{place}: unknown"
            continue
        for kind in sorted(here.types - true.places[place].types):
            yield f"{place}: {kind}, not {' or '.join(sorted(true.places[place].types))}"
    for place in sorted(true.places):
        parent = place.rpartition(".")[0]
        if place not in shown.places and parent in shown.objects and true.is_always(place):
            yield f"{place}: missing"
