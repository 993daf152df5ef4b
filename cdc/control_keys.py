"""The key that signs a pipeline's control messages, as the operators' commands make and read it."""

from pathlib import Path

from cdc.errors import WrongUse
from cdc.log.names import control_key_file, session_options_file
from cdc.log.signature import ControlKey, generate_key
from cdc.role_passwords import write_secret
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
    """Generate the key, unless there is one, and write it to files that only their owner can read: the key, and a
    properties file for Kafka Connect's FileConfigProvider. True when it is new."""
    if control_key(settings, pipeline) is not None:
        return False
    text = generate_key()
    options = settings.secrets_dir / session_options_file(pipeline)
    write_secret(options, f"options={ControlKey(text).session_options()}")
    write_secret(key_path(settings, pipeline), text)
    return True


def session_options(settings: Settings, pipeline: str) -> str:
    """What the connector's sessions need to sign heartbeats: the reference, if one is set; empty without a key."""
    if settings.control_key_reference:
        return settings.control_key_reference
    key = control_key(settings, pipeline)
    return key.session_options() if key else ""
