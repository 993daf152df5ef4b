"""The versions of the servers, read from the one file that names them."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOM = Path(__file__).parent


@dataclass(frozen=True)
class Versions:
    """The contents of versions.toml. `images` maps a service to its container image, without the tag."""

    postgres: str
    kafka: str
    debezium: str
    elasticsearch: str
    postgres_binaries: str
    scala: str
    log4j: str
    images: dict[str, str]


def parse(text: str) -> Versions:
    """Read the text of versions.toml. Raises KeyError when an entry is missing."""
    table = tomllib.loads(text)
    return Versions(
        postgres=table["postgres"],
        kafka=table["kafka"],
        debezium=table["debezium"],
        elasticsearch=table["elasticsearch"],
        postgres_binaries=table["maven"]["postgres_binaries"],
        scala=table["maven"]["scala"],
        log4j=table["maven"]["log4j"],
        images=table["images"],
    )


def read() -> Versions:
    """Read the file that ships with this package."""
    return parse((ROOM / "versions.toml").read_text())


def shipped(name: str) -> str:
    """The text of a configuration file in services/, which the native runner and the containers share."""
    return (ROOM / "services" / name).read_text()
