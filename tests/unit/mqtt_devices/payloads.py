"""Hostile and odd payloads, as anybody on the network can send them. Shared by unit and integration tests."""

from __future__ import annotations

import json

from hypothesis import strategies as st

HOSTILE = (
    b"",
    b" ",
    b"5",
    b"null",
    b"true",
    b'"text"',
    b"[]",
    b"{}",
    b"{",
    b"\x00",
    b"\xff\xfe{}",
    b"\xef\xbb\xbf{}",
    b"[" * 20_000,
    b'{"a":' * 20_000,
    b'{"a":' * 900 + b"1" + b"}" * 900,
    b"1" * 6_000,
    b'{"connected": ' + b"9" * 6_000 + b"}",
    b'{"connected": NaN}',
    b'{"connected": 1e999, "clientId": "x"}',
    b'{"connected": -1, "clientId": "x", "services": {}}',
    b'{"connected": "1", "clientId": "x", "services": {}}',
    b'{"connected": [1], "clientId": "x", "services": {}}',
    b'{"connected": 1, "clientId": null, "services": {}}',
    b'{"connected": 1, "clientId": "x\\n", "services": {}}',
    b'{"connected": 1, "clientId": "../x", "services": {}}',
    b'{"connected": 1, "clientId": "x", "services": {"": "temperature"}}',
    b'{"connected": 1, "clientId": "x", "services": {"t/1": "temperature"}}',
    b'{"connected": 1, "clientId": "x", "services": {"t": "Temperature"}}',
    b'{"connected": 1, "clientId": "x", "services": {"t": {"a": 1}}}',
    b'{"connected": 1, "clientId": "x", "services": 5}',
    b'{"connected": 1, "clientId": "x", "services": "t"}',
    b'{"connected": 1, "clientId": "x", "services": {}, "version": "\\u0000"}',
    b'{"connected": 1, "clientId": "x", "services": {}, "version": "\\ud800"}',
    b'{"topicPath": 5, "values": {"Temperature": 1}}',
    b'{"topicPath": "W/+/temperature/1", "values": {"Temperature": 1}}',
    b'{"topicPath": "W/#", "values": {"Temperature": 1}}',
    b'{"topicPath": "W/a/temperature/1", "values": 5}',
    b'{"topicPath": "W/a/temperature/1", "values": []}',
    b'{"topicPath": "W/a/temperature/1", "values": {"": 1}}',
    b'{"topicPath": "W/a/temperature/1", "values": {"temperature": 1}}',
    b'{"topicPath": "W/a/temperature/99999999999999999999", "values": {"Temperature": 1}}',
    b'{"topicPath": "W/a/temperature/\xd9\xa1", "values": {"Temperature": 1}}',
    b'{"topicPath": "W/a/temperature/1", "values": {"Temperature\\u0000": 1}}',
    b"x" * 100_000,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4),
    max_leaves=12,
)

_keys = st.sampled_from(
    ("clientId", "connected", "version", "services", "lwt_topic", "lwt_value", "topicPath", "values", "x")
)

objects = st.dictionaries(_keys, json_values | st.sampled_from((0, 1, "x", "W/a/temperature/1")), max_size=8)

payloads = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(HOSTILE),
    json_values.map(lambda value: json.dumps(value).encode()),
    objects.map(lambda value: json.dumps(value).encode()),
)
