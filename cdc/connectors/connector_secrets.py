"""How a connector's configuration has its secrets: as references that Kafka Connect resolves, or, if the settings demand
it, as values. Never as values by default: whoever may read the configuration would have them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from cdc.connectors.secrets_file import SecretsFile, secrets_file_of
from cdc.control_keys import control_key
from cdc.errors import WrongUse
from cdc.role_passwords import password_file, stored_password
from cdc.settings import Settings

PASSWORD, OPTIONS = "password", "options"

_NOWHERE = """\
It is not set how Kafka Connect gets the secrets of the connector ({names}). Set one of:
  ROWTIDE_CONNECT_SECRETS_DIR: a folder in which this command writes a file that Kafka Connect can read;
  {references}: references that Kafka Connect resolves, such as ${{env:…}};
  ROWTIDE_CONNECTOR_SECRETS_INLINE=true: the configuration contains the secrets themselves, and everybody who can read it
    in Kafka Connect's REST API or in its topic has them.
docs/how-to/run-against-existing-servers.md compares them."""


@dataclass(frozen=True, slots=True)
class ConnectorSecrets:
    """The password and the session options as the configuration has them; the options are empty without a control key.

    `offered` are the values, by their names in `file`, that Connect has to find there."""

    password: str = field(repr=False)
    options: str = field(repr=False)
    inline: tuple[str, ...] = ()
    file: SecretsFile | None = None
    offered: Mapping[str, str] = field(default_factory=dict, repr=False)

    @contextmanager
    def resolvable(self, *, keep: bool) -> Iterator[None]:
        """Let Kafka Connect resolve the references; without `keep`, only for the time of the context."""
        with self.file.offering(self.offered, keep=keep) if self.file else nullcontext():
            yield


def connector_secrets(settings: Settings, pipeline: str) -> ConnectorSecrets:
    """The secrets as the settings want them in the configuration.

    Raises WrongUse when the password is not known, or the settings do not say how Connect gets a secret."""
    configured = {PASSWORD: settings.connector_password_reference, OPTIONS: settings.control_key_reference}
    parts = {name: reference for name, reference in configured.items() if reference}
    values = {name: value for name, value in _values(settings, pipeline, set(parts)).items() if value}
    if not values:
        return ConnectorSecrets(parts[PASSWORD], parts.get(OPTIONS, ""))
    if file := secrets_file_of(settings, pipeline):
        version = file.version(values)
        parts |= {name: file.reference(name, version) for name in values}
        offered = {f"{name}.{version}": value for name, value in values.items()}
        return ConnectorSecrets(parts[PASSWORD], parts.get(OPTIONS, ""), file=file, offered=offered)
    if settings.connector_secrets_inline:
        parts |= values
        return ConnectorSecrets(parts[PASSWORD], parts.get(OPTIONS, ""), inline=tuple(values))
    raise WrongUse(_NOWHERE.format(**_wording(values)))


def _values(settings: Settings, pipeline: str, referred: set[str]) -> dict[str, str]:
    values = {}
    if PASSWORD not in referred:
        password = stored_password(settings, pipeline)
        if password is None:
            raise WrongUse(
                f"The password of the connector's role is not known: {password_file(settings, pipeline)} does not exist."
                " Run `rowtide init` first, or set ROWTIDE_CONNECTOR_PASSWORD."
            )
        values[PASSWORD] = password
    if OPTIONS not in referred:
        key = control_key(settings, pipeline)
        values[OPTIONS] = key.session_options() if key else ""
    return values


def _wording(values: Mapping[str, str]) -> dict[str, str]:
    names = {PASSWORD: "the password", OPTIONS: "the control key"}
    references = {PASSWORD: "ROWTIDE_CONNECTOR_PASSWORD_REFERENCE", OPTIONS: "ROWTIDE_CONTROL_KEY_REFERENCE"}
    return {
        "names": " and ".join(names[name] for name in values),
        "references": " and ".join(references[name] for name in values),
    }
