"""Numbered points around every call that goes through a port: where a test makes something happen, such as a crash."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")
Hook = Callable[[int, str], None]


class Points:
    """Counts points and tells ``hook`` the number and the name of each, such as ``before place`` or ``after place``."""

    def __init__(self, hook: Hook) -> None:
        self._hook = hook
        self.count = 0

    def reach(self, name: str) -> None:
        self.count += 1
        self._hook(self.count, name)

    def watch(self, target: T) -> T:
        """Return what behaves as ``target`` does, with a point before and after every call."""
        return cast("T", _Watched(target, self))


class _Watched:
    def __init__(self, target: object, points: Points) -> None:
        self._target = target
        self._points = points

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the target has
        found = getattr(self._target, name)
        if inspect.iscoroutinefunction(found):

            async def later(*given: object, **named: object) -> object:
                self._points.reach(f"before {name}")
                result = await found(*given, **named)
                self._points.reach(f"after {name}")
                return result

            return later
        if not inspect.ismethod(found):
            return found

        def now(*given: object, **named: object) -> object:
            self._points.reach(f"before {name}")
            result = found(*given, **named)
            self._points.reach(f"after {name}")
            return result

        return now
