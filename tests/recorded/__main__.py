"""Print how many recorded answers there are per venue and call, how sure each is, and where the servers differ.

``python -m tests.recorded``
"""

from __future__ import annotations

import sys
from collections import Counter

from tests.recorded.files import VENUES, Certainty, Recording, recordings
from tests.recorded.test_servers import ALLOWED, server_differences

_WIDE = 46


def _line(name: str, found: Counter[Certainty]) -> str:
    return f"{name:{_WIDE}}" + "".join(f"{found[one] or '.':>12}" for one in Certainty) + f"{found.total():>8}"


def _by_call(answers: tuple[Recording, ...]) -> dict[str, Counter[Certainty]]:
    found: dict[str, Counter[Certainty]] = {}
    for one in answers:
        found.setdefault(f"{one.method} {one.path}", Counter())[one.certainty] += 1
    return dict(sorted(found.items(), key=lambda item: item[0].split(" ")[::-1]))


def main() -> int:
    """Print the tables; 1 where a server differs from what is recorded."""
    wrong = 0
    for venue in VENUES:
        calls = _by_call(recordings(venue))
        print(f"{venue:{_WIDE}}" + "".join(f"{one.value:>12}" for one in Certainty) + f"{'all':>8}")  # noqa: T201 - a program's output
        for name, found in calls.items():
            print(_line(name, found))  # noqa: T201 - the same
        print(_line(f"{len(calls)} calls and streams", sum(calls.values(), Counter())))  # noqa: T201 - the same
        differences = [one for one in server_differences(venue) if one not in ALLOWED[venue]]
        wrong += len(differences)
        listed = f" and {len(ALLOWED[venue])} listed with a reason" if ALLOWED[venue] else ""
        print(f"differences of the server: {len(differences)}{listed}\n" + "".join(f"  {one}\n" for one in differences))  # noqa: T201 - the same
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
