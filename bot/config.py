"""The settings: read once from the environment and validated; messages say how to fix them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import ConfigurationError

SECRETS = (
    "DATABASE_URL",
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_APP_TOKEN",
    "GITHUB_APP_PRIVATE_KEY",
    "GITHUB_WEBHOOK_SECRET",
    "GITHUB_CLIENT_SECRET",
    "SLACK_CLIENT_SECRET",
    "TOKEN_KEYS",
)


class Environment(StrEnum):
    """Where the bot runs; production refuses to start without every setting it needs."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"
    TEST = "test"


class LogLevel(StrEnum):
    """The lowest level that is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


_GROUP = re.compile(r"S[A-Z0-9]{2,20}")
_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _empty_is_absent(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_empty_is_absent)]
OptionalText = Annotated[str | None, BeforeValidator(_empty_is_absent)]


class Settings(BaseSettings):
    """The settings, each from its environment variable; a secret also from the file in `<NAME>_FILE`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=True)

    database_url: OptionalSecret = Field(None, validation_alias="DATABASE_URL")
    database_pool_size: int = Field(10, ge=1, le=100, validation_alias="DATABASE_POOL_SIZE")
    data: Path = Field(
        default_factory=lambda: Path.home() / ".local" / "share" / "flakeguard", validation_alias="FLAKEGUARD_DATA"
    )
    host: str = Field("127.0.0.1", min_length=1, validation_alias="HOST")
    port: int = Field(8080, ge=1, le=65535, validation_alias="PORT")
    environment: Environment = Field(Environment.DEVELOPMENT, validation_alias="ENVIRONMENT")
    log_level: Annotated[LogLevel, BeforeValidator(_upper)] = Field(LogLevel.INFO, validation_alias="LOG_LEVEL")
    public_url: OptionalText = Field(None, validation_alias="PUBLIC_URL")
    slack_bot_token: OptionalSecret = Field(None, validation_alias="SLACK_BOT_TOKEN")
    slack_signing_secret: OptionalSecret = Field(None, validation_alias="SLACK_SIGNING_SECRET")
    slack_app_token: OptionalSecret = Field(None, validation_alias="SLACK_APP_TOKEN")
    slack_api_url: str = Field("https://slack.com/api/", validation_alias="SLACK_API_URL")
    slack_default_channel: OptionalText = Field(None, validation_alias="SLACK_DEFAULT_CHANNEL")
    slack_client_id: OptionalText = Field(None, validation_alias="SLACK_CLIENT_ID")
    slack_client_secret: OptionalSecret = Field(None, validation_alias="SLACK_CLIENT_SECRET")
    token_keys: OptionalSecret = Field(None, validation_alias="TOKEN_KEYS")
    approver_groups_text: OptionalText = Field(None, validation_alias="APPROVER_GROUPS")
    github_client_id: OptionalText = Field(None, validation_alias="GITHUB_CLIENT_ID")
    github_client_secret: OptionalSecret = Field(None, validation_alias="GITHUB_CLIENT_SECRET")
    github_app_id: int | None = Field(None, ge=1, validation_alias="GITHUB_APP_ID")
    github_app_private_key: OptionalSecret = Field(None, validation_alias="GITHUB_APP_PRIVATE_KEY")
    github_webhook_secret: OptionalSecret = Field(None, validation_alias="GITHUB_WEBHOOK_SECRET")
    github_api_url: str = Field("https://api.github.com", validation_alias="GITHUB_API_URL")

    @field_validator("public_url", "slack_api_url", "github_api_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            message = "must begin with http:// or https://"
            raise ValueError(message)
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _ends_with_slash(cls, value: str) -> str:
        return value if value.endswith("/") else f"{value}/"

    @field_validator("github_app_id", mode="before")
    @classmethod
    def _empty_id_is_absent(cls, value: object) -> object:
        return _empty_is_absent(value)

    @field_validator("slack_default_channel")
    @classmethod
    def _is_no_name(cls, value: str | None) -> str | None:
        if value is not None and value.startswith(("#", "@")):
            message = (
                "must be the id of a channel, such as C0123456789; Slack shows it at the end of the channel's details"
            )
            raise ValueError(message)
        return value

    @field_validator("approver_groups_text")
    @classmethod
    def _are_groups(cls, value: str | None) -> str | None:
        if value is not None and any(not _GROUP.fullmatch(group) for group in _parts(value)):
            message = "must be ids of Slack user groups, comma-separated, such as S0123ABCD"
            raise ValueError(message)
        return value

    @field_validator("token_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and any(not _KEY.fullmatch(key) for key in _parts(value.get_secret_value())):
            message = "must be keys of 32 bytes in URL-safe base64, comma-separated; `flakeguard new-key` makes one"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _has_pairs(self) -> Self:
        for name, identifier, secret in (
            ("GITHUB_CLIENT", self.github_client_id, self.github_client_secret),
            ("SLACK_CLIENT", self.slack_client_id, self.slack_client_secret),
        ):
            if (identifier is None) != (secret is None):
                message = f"{name}_ID and {name}_SECRET belong together; set both, or neither"
                raise ValueError(message)
        if self.installs_by_oauth and not self.encryption_keys:
            message = (
                "SLACK_CLIENT_ID needs TOKEN_KEYS, under which the tokens are stored; `flakeguard new-key` makes one"
            )
            raise ValueError(message)
        return self

    @field_validator("github_app_private_key")
    @classmethod
    def _is_pem(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        text = value.get_secret_value().strip().replace("\\n", "\n")
        if not text.startswith("-----BEGIN"):
            try:
                text = base64.b64decode(text, validate=True).decode("ascii")
            except (binascii.Error, UnicodeDecodeError, ValueError):
                text = ""
        if not text.startswith("-----BEGIN"):
            message = "must be the PEM of the key, or base64 of it; or put its path in GITHUB_APP_PRIVATE_KEY_FILE"
            raise ValueError(message)
        return SecretStr(text)

    @model_validator(mode="after")
    def _is_whole_in_production(self) -> Self:
        if self.environment is Environment.PRODUCTION and (missing := self.missing()):
            message = f"production needs {', '.join(missing)}; set them, or ENVIRONMENT=development to start without"
            raise ValueError(message)
        return self

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets a delivery may be signed with; several while they are rotated."""
        if self.github_webhook_secret is None:
            return ()
        return _parts(self.github_webhook_secret.get_secret_value())

    @property
    def address(self) -> str:
        """The base URL under which others reach this process."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def link_key(self) -> bytes | None:
        """The key that signs links to our pages, derived from a secret that is set anyway."""
        secret = self.token_keys or self.slack_signing_secret or self.slack_bot_token
        if secret is None:
            return None
        newest = secret.get_secret_value().partition(",")[0].strip()
        return hashlib.sha256(f"flakeguard pages:{newest}".encode()).digest()

    @property
    def approver_groups(self) -> tuple[str, ...]:
        """The Slack user groups whose members decide where people cannot link GitHub accounts."""
        return _parts(self.approver_groups_text or "")

    @property
    def links_accounts(self) -> bool:
        """Whether people can link their GitHub accounts."""
        return self.github_client_id is not None and self.github_client_secret is not None

    @property
    def installs_by_oauth(self) -> bool:
        """Whether workspaces install the Slack app by OAuth."""
        return self.slack_client_id is not None and self.slack_client_secret is not None

    @property
    def encryption_keys(self) -> tuple[str, ...]:
        """The keys tokens are stored under; the first encrypts, all decrypt."""
        return _parts(self.token_keys.get_secret_value()) if self.token_keys else ()

    def missing(self) -> tuple[str, ...]:
        """The names of the settings without which Slack or GitHub cannot be served."""
        absent: list[str] = []
        if self.slack_bot_token is None and not self.installs_by_oauth:
            absent.append("SLACK_BOT_TOKEN")
        if self.slack_signing_secret is None and self.slack_app_token is None:
            absent.append("SLACK_SIGNING_SECRET")
        if self.github_app_id is None:
            absent.append("GITHUB_APP_ID")
        if self.github_app_private_key is None:
            absent.append("GITHUB_APP_PRIVATE_KEY")
        if not self.webhook_secrets:
            absent.append("GITHUB_WEBHOOK_SECRET")
        return tuple(absent)


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environment`, by default that of the process.

    Raises:
        ConfigurationError: a variable is missing or wrong; the message names it and how to fix it.
    """
    values = _with_files(os.environ if environment is None else environment)
    try:
        return Settings.model_validate({name: values[name] for name in _names() if name in values})
    except ValidationError as error:
        faults = "; ".join(_explain(fault["loc"], fault["msg"]) for fault in error.errors(include_input=False))
        message = f"Settings: {faults}."
        raise ConfigurationError(message) from None


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _names() -> tuple[str, ...]:
    return tuple(str(field.validation_alias) for field in Settings.model_fields.values())


def _explain(where: tuple[int | str, ...], fault: str) -> str:
    text = fault.removeprefix("Value error, ").rstrip(".")
    return f"{where[0]}: {text[0].lower()}{text[1:]}" if where else text


def _with_files(environment: Mapping[str, str]) -> dict[str, str]:
    values = dict(environment)
    for name in SECRETS:
        path = values.get(f"{name}_FILE", "").strip()
        if not path:
            continue
        if values.get(name, "").strip():
            message = f"Settings: {name} and {name}_FILE are both set; keep one of them."
            raise ConfigurationError(message)
        try:
            values[name] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            message = f"Settings: {name}_FILE names {path}, which cannot be read ({type(error).__name__})."
            raise ConfigurationError(message) from None
    return values
