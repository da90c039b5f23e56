"""``[telegram]``: who may ask, and command, over Telegram."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from bot.setting_types.base import Table
from bot.setting_types.fields import HttpEndpoint, Integer


def _check_token(value: SecretStr) -> SecretStr:
    if value.get_secret_value() and not re.fullmatch(r"\d+:[A-Za-z0-9_-]{20,}", value.get_secret_value(), re.ASCII):
        raise ValueError("is no bot token; @BotFather gives one such as 123456:ABC…")
    return value


class TelegramSettings(Table):
    """A bot of your own at Telegram: status, plan, pause, freeze, and flatten after a confirmation."""

    enabled: bool = Field(default=False, description="true: answer the listed chats")
    token: Annotated[SecretStr, AfterValidator(_check_token)] = Field(
        default=SecretStr(""), description="the bot's token; from the environment or the secrets directory"
    )
    chats: tuple[Integer, ...] = Field(
        default=(), description="ids of the users who may ask and command, in a private chat; nobody else is answered"
    )
    api: HttpEndpoint = Field(
        default=SecretStr("https://api.telegram.org"),
        description="where the Bot API is; your own server, or Telegram's",
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.enabled and not (self.token.get_secret_value() and self.chats):
            raise ValueError("needs `token` and at least one id in `chats`; set both, or enabled = false")
        return self
