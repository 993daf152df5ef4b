"""How a connector's configuration has its secrets: references by default, values only on demand."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from cdc.connectors.connector_secrets import ConnectorSecrets, connector_secrets
from cdc.connectors.secrets_file import SecretsFile
from cdc.control_keys import write_secrets_file
from cdc.errors import WrongUse
from cdc.log.signature import ControlKey, generate_key
from cdc.properties_file import parsed
from cdc.settings import Settings

KEY = generate_key()
OPTIONS = ControlKey(KEY).session_options()
NAME = "rowtide_shop.properties"


def settings(folder: Path, **more: object) -> Settings:
    variables = {
        "connector_password": SecretStr("s3cret"),
        "control_key": SecretStr(KEY),
        "secrets_dir": folder / "secrets",
    }
    return Settings.model_validate(variables | more)


def resolved(reference: str, values: dict[str, str]) -> str:
    """What Connect's FileConfigProvider returns."""
    path, _, name = reference.removeprefix("${file:").removesuffix("}").rpartition(":")
    return values[name] if Path(path).name == NAME else ""


def test_without_a_setting_no_secret_goes_into_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(WrongUse) as caught:
        connector_secrets(settings(tmp_path), "shop")
    assert caught.value.exit_code == 2
    for variable in (
        "CONNECT_SECRETS_DIR",
        "CONNECTOR_PASSWORD_REFERENCE",
        "CONTROL_KEY_REFERENCE",
        "CONNECTOR_SECRETS_INLINE=true",
    ):
        assert f"ROWTIDE_{variable}" in str(caught.value)
    with pytest.raises(WrongUse, match=r"the control key\)(.|\n)*  ROWTIDE_CONTROL_KEY_REFERENCE: "):
        connector_secrets(settings(tmp_path, connector_password_reference="${env:P}"), "shop")


def test_a_folder_gets_the_values_and_the_configuration_references(tmp_path: Path) -> None:
    secrets = connector_secrets(settings(tmp_path, connect_secrets_dir=tmp_path), "shop")
    assert not secrets.inline
    with secrets.resolvable(keep=True):
        values = parsed((tmp_path / NAME).read_text())
        assert resolved(secrets.password, values) == "s3cret"
        assert resolved(secrets.options, values) == OPTIONS
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert "s3cret" not in repr(secrets)
    assert connector_secrets(settings(tmp_path, connect_secrets_dir=tmp_path), "shop").password == secrets.password


def test_the_path_is_the_one_that_connect_sees(tmp_path: Path) -> None:
    more = {"connect_secrets_dir": tmp_path, "connect_secrets_path": "/run/secrets/"}
    secrets = connector_secrets(settings(tmp_path, **more), "shop")
    assert secrets.password.startswith("${file:/run/secrets/rowtide_shop.properties:password.")
    with pytest.raises(WrongUse, match="ROWTIDE_CONNECT_SECRETS_PATH"):
        connector_secrets(settings(tmp_path, **more | {"connect_secrets_path": "/run:/secrets"}), "shop")


def changed(folder: Path, keep: bool) -> tuple[ConnectorSecrets, dict[str, str], dict[str, str], dict[str, str]]:
    """The secrets before and after the password changes, and what the file has before, meanwhile and afterwards."""
    file = folder / NAME
    with connector_secrets(settings(folder, connect_secrets_dir=folder), "shop").resolvable(keep=True):
        before = parsed(file.read_text())
    new = connector_secrets(settings(folder, connect_secrets_dir=folder, connector_password=SecretStr("n3w")), "shop")
    with new.resolvable(keep=keep):
        meanwhile = parsed(file.read_text())
    return new, before, meanwhile, parsed(file.read_text())


def test_another_password_has_another_reference_and_both_resolve_until_it_is_applied(tmp_path: Path) -> None:
    new, before, meanwhile, after = changed(tmp_path, keep=True)
    assert meanwhile == before | after
    assert len(meanwhile) == 4
    assert resolved(new.password, after) == "n3w"


def test_a_dry_run_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    _, before, meanwhile, after = changed(tmp_path, keep=False)
    assert len(meanwhile) == 4
    assert after == before


def test_a_configuration_that_is_not_accepted_leaves_the_old_values(tmp_path: Path) -> None:
    old = connector_secrets(settings(tmp_path, connect_secrets_dir=tmp_path), "shop")
    with old.resolvable(keep=True):
        pass
    new = connector_secrets(
        settings(tmp_path, connect_secrets_dir=tmp_path, connector_password=SecretStr("wr0ng")), "shop"
    )
    with pytest.raises(ZeroDivisionError), new.resolvable(keep=True):
        raise ZeroDivisionError
    assert resolved(old.password, parsed((tmp_path / NAME).read_text())) == "s3cret"


def test_a_folder_of_a_group_lets_the_group_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o2750)
    with connector_secrets(settings(tmp_path, connect_secrets_dir=tmp_path), "shop").resolvable(keep=True):
        pass
    status = (tmp_path / NAME).stat()
    assert status.st_mode & 0o777 == 0o640
    assert status.st_gid == tmp_path.stat().st_gid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file to another user")
def test_a_file_in_a_servers_folder_belongs_to_the_server(tmp_path: Path) -> None:
    os.chown(tmp_path, 4711, 4712)
    with connector_secrets(settings(tmp_path, connect_secrets_dir=tmp_path), "shop").resolvable(keep=True):
        pass
    status = (tmp_path / NAME).stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (4711, 4712, 0o600)


def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("password.00000000=of somebody else\n")
    (tmp_path / NAME).symlink_to(elsewhere)
    with pytest.raises(WrongUse, match=r"rowtide_shop\.properties cannot be read"):
        connector_secrets(settings(tmp_path, connect_secrets_dir=tmp_path), "shop")


def test_a_folder_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    secrets = connector_secrets(settings(tmp_path, connect_secrets_dir=tmp_path / "none"), "shop")
    with pytest.raises(WrongUse, match=r"cannot be written(.|\n)*install -d -m 2750"), secrets.resolvable(keep=True):
        pass


def test_values_go_into_the_configuration_only_on_demand(tmp_path: Path) -> None:
    secrets = connector_secrets(settings(tmp_path, connector_secrets_inline=True), "shop")
    assert (secrets.password, secrets.options, secrets.inline) == ("s3cret", OPTIONS, ("password", "options"))


def test_references_of_the_operator_need_neither_the_values_nor_a_folder(tmp_path: Path) -> None:
    variables = {"connector_password_reference": "${env:P}", "control_key_reference": "${env:K}"}
    secrets = connector_secrets(settings(tmp_path, connector_password=None, control_key=None, **variables), "shop")
    assert (secrets.password, secrets.options, secrets.inline) == ("${env:P}", "${env:K}", ())


def test_a_pipeline_without_a_control_key_has_only_a_password(tmp_path: Path) -> None:
    secrets = connector_secrets(settings(tmp_path, control_key=None, connect_secrets_dir=tmp_path), "shop")
    assert secrets.options == ""
    assert [name.partition(".")[0] for name in secrets.offered] == ["password"]


def test_a_deleted_connector_has_no_file(tmp_path: Path) -> None:
    file = SecretsFile(tmp_path / NAME, f"/run/{NAME}")
    file.write({"password.00000000": "x"})
    file.write({})
    assert not list(tmp_path.iterdir())


def test_what_was_generated_can_be_copied_to_connects_machine(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "rowtide_shop.password").write_text("g3nerated\n")
    (folder / "rowtide_shop.control-key").write_text(KEY + "\n")
    write_secrets_file(settings(tmp_path, connector_password=None, control_key=None), "shop")
    assert parsed((folder / NAME).read_text()) == {"password": "g3nerated", "options": OPTIONS}
    (folder / NAME).unlink()
    write_secrets_file(settings(tmp_path, connect_secrets_dir=tmp_path), "shop")
    write_secrets_file(settings(tmp_path), "shop")
    assert not (folder / NAME).exists(), "what the operator supplies is not written to another place"
