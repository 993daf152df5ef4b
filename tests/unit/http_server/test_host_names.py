"""The host names of requests: anything but exactly a name or an address with a port is no name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from http_server.host_names import LOOPBACK_NAMES, accepted_names, host_name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8080", "localhost"),
        ("127.0.0.1:1", "127.0.0.1"),
        ("[::1]:8080", "::1"),
        ("[0:0:0::0001]", "::1"),
        ("[FE80::1]", "fe80::1"),
        ("search.Example:65535", "search.example"),
    ],
)
def test_a_name_has_no_port_and_one_form(header: str, name: str) -> None:
    assert host_name([header]) == name


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        ":8080",
        "localhost:",
        "localhost.",
        "localhost.:80",
        ".localhost",
        "local..host",
        "127.0.0.1:8080.evil.example",
        "127.0.0.1:80:80",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:８０",
        "127.0.0.1:8080@evil.example",
        "user@127.0.0.1",
        "user:password@127.0.0.1:8080",
        "http://127.0.0.1",
        "127.0.0.1/",
        "127.0.0.1 evil.example",
        "127.0.0.1,evil.example",
        "127.0.0.1\n",
        "127.0.0.1%00",
        "[::1",
        "::1",
        "[::1].evil.example",
        "[::1]:80.evil.example",
        "[::1%25lo]",
        "[127.0.0.1]",
        "[1:2]",
        "lоcalhost",  # A Cyrillic о.
    ],
)
def test_what_only_begins_like_a_name_is_none(header: str) -> None:
    assert host_name([header]) is None


@given(
    st.sampled_from(sorted(LOOPBACK_NAMES | {"[::1]"})), st.text(st.sampled_from(" .:@/\\[]%evil80é,;#?\t"), min_size=1)
)
def test_nothing_is_accepted_but_a_name_and_a_port(name: str, rest: str) -> None:
    for header in (name + rest, rest + name, name + rest + name):
        if host_name([header]) in LOOPBACK_NAMES:
            bare, _, port = header.rpartition(":")
            assert bare.strip("[]") in LOOPBACK_NAMES
            assert port.isascii()
            assert port.isdecimal()


def test_a_request_has_one_host() -> None:
    assert host_name([]) is None
    assert host_name(["localhost", "evil.example"]) is None


def test_the_accepted_names_are_those_of_the_loopback_and_of_the_setting() -> None:
    assert accepted_names("127.0.0.1", "") == accepted_names("::1", "") == LOOPBACK_NAMES
    assert accepted_names("0.0.0.0", "") == frozenset()
    assert accepted_names("0.0.0.0", "Search.example, [0::7]") == LOOPBACK_NAMES | {"search.example", "::7"}
