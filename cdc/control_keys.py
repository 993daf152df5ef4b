"""The key that signs a pipeline's control messages, as the operators' commands make and read it."""

from pathlib import Path

from cdc.errors import WrongUse
from cdc.log.names import control_key_file, secrets_file
from cdc.log.signature import ControlKey, generate_key
from cdc.properties_file import rendered
from cdc.role_passwords import stored_password, write_secret
from cdc.settings import Settings
from connections.private_files import stored_control_key


def key_path(settings: Settings, pipeline: str) -> Path:
    """The file of the generated key."""
    return settings.secrets_dir / control_key_file(pipeline)


def control_key(settings: Settings, pipeline: str) -> ControlKey | None:
    """The pipeline's key; None when it was set up by an earlier version. Raises WrongUse when it cannot be read."""
    try:
        text = stored_control_key(settings.control_key, key_path(settings, pipeline))
        return None if text is None else ControlKey(text)
    except ValueError as error:
        raise WrongUse(f"The control key is not usable: {error}") from None


def create_control_key(settings: Settings, pipeline: str) -> bool:
    """Generate the key, unless there is one, and write it to a file that only its owner can read. True when it is new."""
    if control_key(settings, pipeline) is not None:
        return False
    write_secret(key_path(settings, pipeline), generate_key())
    return True


def write_secrets_file(settings: Settings, pipeline: str) -> None:
    """Write what was generated to a properties file that can be copied to Kafka Connect's machine, with the values
    `password` and `options`. There is no need for it if the settings name a folder that Connect reads."""
    if settings.connect_secrets_dir is not None:
        return
    key = None if settings.control_key else control_key(settings, pipeline)
    password = None if settings.connector_password else stored_password(settings, pipeline)
    values = {"password": password, "options": key.session_options() if key else None}
    text = rendered({name: value for name, value in values.items() if value})
    if text:
        write_secret(settings.secrets_dir / secrets_file(pipeline), text.rstrip("\n"))
