"""docs/mqtt.md, written from the topics and payload models themselves."""

from __future__ import annotations

import json
from typing import Final

from bot.telemetry.mqtt.command_auth import WORDS
from bot.telemetry.mqtt.topics import TOPICS, Topic

_HEAD: Final = """\
# MQTT

<!-- Written by `make docs` from bot/telemetry/mqtt; do not edit. -->

The bot speaks MQTT 5 through [aiomqtt](https://pypi.org/project/aiomqtt/), as the project that used to be called
asyncio-mqtt is named now. The trading loop only ever hands it messages: a broker that is slow, away or hostile costs no
cycle any time. States are kept to the newest per topic; events wait in a bounded line that drops the oldest.

```toml
[mqtt]
enabled = true
host = "mosquitto"
username = "dnbot"
discovery = "homeassistant"   # Home Assistant shows one device with its sensors
```

`dnbot mqtt keys docker/secrets` makes the passwords of the users in `docker/mosquitto/acl`, Mosquitto's password file,
and the key that signs commands. Password and key belong into the secrets directory or the environment
(`DNBOT_MQTT__PASSWORD`, `DNBOT_MQTT__KEY`, or the same with `_FILE`).

## Topics

All of them begin with `mqtt.prefix`, by default `dnbot/` and the bot's id. Numbers that must stay exact are strings,
what is not known is `null`, times are ISO-8601 in UTC. Quantities are signed base units of the underlying (a short is
negative), money is USD, ratios are fractions.

"""
_COMMANDS: Final = """\
## Commands

    dnbot mqtt send freeze "odd prices" -c bot.toml --username operator --password-file secrets/mqtt-operator-password

signs and sends a command, and prints what the bot says. Only what asks or takes risk away is ever taken: `status`,
`pause`, `freeze`, and `flatten` if `mqtt.commands` lists it. `resume` is taken at the bot's own machine only.

To write a command yourself, read `epoch` from `state/commands`, and publish JSON to `cmd/VERB`, not retained. `mac` is
the lower-case hexadecimal HMAC-SHA-256, keyed with the text of `mqtt.key`, of this JSON text (no spaces, ASCII with
`\\u` escapes, the keys of `args` sorted):

    ["dnbot command 1",bot,epoch,counter,expires,verb,args,id]

The result's `mac` is that of `["dnbot reply 1",verb,id,accepted,state,reason,since,message]`, with `since` as Python
writes it (`2025-01-01T00:00:00+00:00`).

A message that is no command is refused and counted in `state/commands`; only one with a right signature is answered:

| counted as | meaning |
|---|---|
"""
_SCHEMAS: Final = "\n## JSON schemas\n"


def page() -> str:
    """Return the page."""
    rows = [
        "| topic | retained | written by | carries |",
        "|---|---|---|---|",
        *(
            f"| `{topic.name}` | {'yes' if topic.retained else 'no'} | {topic.writer} | {topic.what} |"
            for topic in TOPICS
        ),
    ]
    faults = [f"| `{fault.value}` | {words} |" for fault, words in WORDS.items()]
    schemas = "".join(_schema(topic) for topic in TOPICS)
    return f"{_HEAD}{_lines(rows)}\n{_COMMANDS}{_lines(faults)}{_SCHEMAS}{schemas}"


def _schema(topic: Topic) -> str:
    if topic.model is None:
        return ""
    schema = json.dumps(topic.model.model_json_schema(mode="serialization"), indent=1)
    return f"\n### {topic.name}\n\n```json\n{schema}\n```\n"


def _lines(rows: list[str]) -> str:
    return "".join(f"{row}\n" for row in rows)
