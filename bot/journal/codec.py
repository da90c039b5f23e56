"""JSON of the core's dataclasses, exact both ways.

Decimals and integers keep every digit, times are ISO-8601 in UTC, a union's member carries its name under ``type``,
a key of several strings is joined by ``|``, and what is no number (NaN, infinity) or has no zone is refused. Fields
added later need a default, so that what older versions wrote can still be read; fields that are gone are ignored; a
renamed field keeps its old name in JSON by ``field(metadata={"json": name})``.

The schema is built here and not by pydantic's TypeAdapter, because a Protocol (the curve of a position) stands for
a registry of classes, and because the core knows no pydantic that it could be annotated with.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, Generic, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic_core import PydanticSerializationError, SchemaSerializer, SchemaValidator, ValidationError, core_schema
from pydantic_core.core_schema import CoreConfig, CoreSchema

T = TypeVar("T")
Registry = Mapping[type, Mapping[str, type]]
"""For each Protocol the classes that may stand for it, by the name that they get in JSON."""

_TAG: Final = "type"
_CONFIG: Final = CoreConfig(strict=True, ser_json_inf_nan="strings")


class Codec(Generic[T]):
    """JSON of one type.

    Args:
        hint: the type, or a union of dataclasses.
        registry: the classes behind the Protocols that occur in it.

    Raises:
        TypeError: something in the type has no form in JSON here.
    """

    def __init__(self, hint: object, registry: Registry | None = None) -> None:
        schema = _Builder(registry or {}).schema(hint)
        self._name = getattr(hint, "__name__", str(hint))
        self._validator = SchemaValidator(schema, _CONFIG)
        self._serializer = SchemaSerializer(schema, _CONFIG)

    def dumps(self, value: T) -> bytes:
        """Write JSON in UTF-8.

        Raises:
            ValueError: a part is NaN, infinite, a time without a zone, or not of its declared type.
        """
        try:
            data = self._serializer.to_json(value, by_alias=True, warnings="error")
        except PydanticSerializationError as error:
            raise ValueError(f"{self._name} can't be written as JSON: {error}") from error
        if b"NaN" in data or b"Infinity" in data:  # the word may be part of a message, so the reader decides
            self.loads(data)
        return data

    def loads(self, data: bytes | str) -> T:
        """Read JSON.

        Raises:
            ValueError: it does not describe such a value.
        """
        try:
            value: T = self._validator.validate_json(data)
        except ValidationError as error:
            raise ValueError(f"this JSON is no {self._name}: {error}") from error
        return value


_SIMPLE: Final[Mapping[object, Callable[[], CoreSchema]]] = {
    str: core_schema.str_schema,
    int: core_schema.int_schema,
    bool: core_schema.bool_schema,
    NoneType: core_schema.none_schema,
    float: lambda: core_schema.float_schema(allow_inf_nan=False),
    Decimal: lambda: core_schema.decimal_schema(allow_inf_nan=False),
    timedelta: core_schema.timedelta_schema,
    datetime: lambda: core_schema.datetime_schema(
        tz_constraint="aware",
        serialization=core_schema.plain_serializer_function_ser_schema(_utc_text),
    ),
}


def _utc_text(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment}")
    return moment.astimezone(UTC).isoformat()


def _joined(parts: tuple[str, ...]) -> str:
    return "|".join(part.replace("%", "%25").replace("|", "%7C") for part in parts)


def _split(text: str, parts: int) -> tuple[str, ...]:
    found = tuple(part.replace("%7C", "|").replace("%25", "%") for part in text.split("|"))
    if len(found) != parts:
        raise ValueError(f"a key of {parts} parts joined by | is expected: {text!r}")
    return found


class _Builder:
    """Turns type hints into a schema; each dataclass once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._built: dict[type, CoreSchema] = {}

    def schema(self, hint: Any) -> CoreSchema:  # noqa: ANN401 - a type hint can be anything
        if isinstance(hint, NewType):
            return self.schema(hint.__supertype__)
        if hint in _SIMPLE:
            return _SIMPLE[hint]()
        if get_origin(hint) in {Union, UnionType}:
            return self._union(get_args(hint))
        if get_origin(hint) is tuple:
            return self._tuple(get_args(hint))
        if get_origin(hint) is Mapping:
            keys, values = get_args(hint)
            return core_schema.dict_schema(self._key(keys), self.schema(values))
        if isinstance(hint, type):
            return self._class(hint)
        raise TypeError(f"{hint} has no form in JSON here")

    def _class(self, cls: type) -> CoreSchema:
        if cls in self._registry:
            return self._tagged(self._registry[cls])
        if issubclass(cls, StrEnum):
            return core_schema.enum_schema(cls, list(cls), sub_type="str")
        if dataclasses.is_dataclass(cls):
            if cls not in self._built:
                self._built[cls] = self._dataclass(cls)
            return self._built[cls]
        raise TypeError(f"{cls} has no form in JSON here")

    def _key(self, hint: Any) -> CoreSchema:  # noqa: ANN401 - a type hint can be anything
        """Write a key that is a tuple of strings as ``first|second``, since JSON knows strings alone."""
        if get_origin(hint) is not tuple:
            return self.schema(hint)
        parts = len(get_args(hint))
        return core_schema.no_info_after_validator_function(
            lambda text: _split(text, parts),
            core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(_joined),
        )

    def _tuple(self, items: tuple[object, ...]) -> CoreSchema:
        if items[-1] is Ellipsis:
            return core_schema.tuple_variable_schema(self.schema(items[0]))
        return core_schema.tuple_positional_schema([self.schema(item) for item in items])

    def _union(self, members: tuple[object, ...]) -> CoreSchema:
        some = [member for member in members if member is not NoneType]
        if len(some) == 1:
            inner = self.schema(some[0])
        else:
            inner = self._tagged({cls.__name__: cls for cls in some if isinstance(cls, type)})
        return inner if len(some) == len(members) else core_schema.nullable_schema(inner)

    def _tagged(self, classes: Mapping[str, type]) -> CoreSchema:
        """Write ``{"type": name, …fields}``, and read what the name says."""
        names = {cls: name for name, cls in classes.items()}
        if any(field.name == _TAG for cls in names for field in dataclasses.fields(cls)):
            raise TypeError(f"a field may not be called {_TAG!r}: {sorted(classes)}")
        choices = {name: self._class(cls) for name, cls in classes.items()}

        def write(value: object, inner: core_schema.SerializerFunctionWrapHandler) -> dict[str, object]:
            if type(value) not in names:
                raise TypeError(f"{type(value).__name__} is none of {', '.join(classes)}")
            return {_TAG: names[type(value)], **inner(value)}

        return core_schema.tagged_union_schema(
            choices,
            _TAG,
            serialization=core_schema.wrap_serializer_function_ser_schema(
                write, schema=core_schema.union_schema(list(choices.values()))
            ),
        )

    def _dataclass(self, cls: type) -> CoreSchema:
        hints = get_type_hints(cls)
        fields = []
        for field in dataclasses.fields(cls):
            schema = self.schema(hints[field.name])
            if field.default is not dataclasses.MISSING:
                schema = core_schema.with_default_schema(schema, default=field.default)
            elif field.default_factory is not dataclasses.MISSING:
                schema = core_schema.with_default_schema(schema, default_factory=field.default_factory)
            name = field.metadata.get("json")
            fields.append(
                core_schema.dataclass_field(field.name, schema, validation_alias=name, serialization_alias=name)
            )
        names = [field.name for field in dataclasses.fields(cls)]
        return core_schema.dataclass_schema(
            cls,
            core_schema.dataclass_args_schema(cls.__name__, fields, extra_behavior="ignore"),
            names,
            config=_CONFIG,
            post_init=hasattr(cls, "__post_init__"),
            slots="__slots__" in vars(cls),
        )
