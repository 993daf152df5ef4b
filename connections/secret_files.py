"""The generated passwords and keys of a pipeline: each from a setting, or from the file that `rowtide init` writes."""

from pathlib import Path

from pydantic import SecretStr

CONTROL_KEY = "Key that signs the pipeline's control messages; without it, the file in ROWTIDE_SECRETS_DIR is read."
"""Description of the setting."""
SECRETS_FOLDER = "Folder of generated passwords and keys."
"""Description of the setting."""


def read_secret(file: Path) -> str | None:
    """The text of a secret's file; None when there is no file. Raises ValueError when it cannot be read."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}. Set ROWTIDE_SECRETS_DIR.") from error


def stored_control_key(setting: SecretStr | None, file: Path) -> str | None:
    """The text of the key that signs control messages; None when there is neither the setting nor the file. Raises
    ValueError when the file cannot be read."""
    if setting is not None and setting.get_secret_value():
        return setting.get_secret_value().strip()
    return read_secret(file)
