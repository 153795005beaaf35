from __future__ import annotations

import json

import pytest
import yaml
from jsonschema import Draft202012Validator

from slackwater.fleet import json_schema


@pytest.fixture
def validator(settings):
    schema = json_schema(settings)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_example_is_valid(validator, example):
    assert list(validator.iter_errors(yaml.safe_load(example))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("policies:", "polices:"),
        ("velero: {", "velro: {"),
        ("volumes: move-data", "volume: move-data"),
        ("volumes: move-data", "volumes: move-dat"),
        ("tolerance: 15m", "tolerance: 15"),
        ("tolerance: 15m", "tolerance: 15 min"),
        ("- control-plane:", "- controlplane:"),
        ("missed: latest", "missed: lastest"),
        ("daily: 7", "daily: 0"),
        ("env:DR_S3_KEY", "AKIAIOSFODNN7EXAMPLE"),
        ("  prod-eu:", "  prod_eu:"),
        ("version: 1", "version: 2"),
        ('clusters: "env=prod"', "cluster: x"),
        ("rto: 30m", "rpt: 30m"),
    ],
)
def test_a_slip_is_not(validator, example, old, new):
    assert old in example

    assert list(validator.iter_errors(yaml.safe_load(example.replace(old, new, 1))))


def test_it_is_plain_json_and_the_same_each_time(settings):
    assert json.dumps(json_schema(settings)) == json.dumps(json_schema(settings))


def test_defaults_are_written_as_in_the_file(settings):
    policy = json_schema(settings)["$defs"]["PolicyRules"]["properties"]

    assert policy["tolerance"]["default"] == "15m"


def test_it_knows_the_tools_that_are_installed(settings):
    backends = json_schema({"csi": settings["csi"]})["$defs"]["Backends"]

    assert list(backends["properties"]) == ["csi"]
