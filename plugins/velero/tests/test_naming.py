"""Names of what we make: readable, deterministic, legal, never too long."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from slackwater.model.act import Key
from slackwater_velero.labels import label_value, readable_label
from slackwater_velero.naming import backup_stem, digest, intent, restore_stem, store_name

NOON = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
KEY = Key(run="r-1", step="3")
DNS = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")


def test_a_backup_is_named_by_cluster_workload_and_time():
    assert backup_stem("prod-eu", "shop", NOON) == "sw-prod-eu-shop-1300"


def test_the_time_in_a_name_is_utc():
    berlin = NOON.astimezone(timezone(timedelta(hours=1)))

    assert backup_stem("eu", "shop", berlin) == "sw-eu-shop-1300"


def test_long_names_keep_the_time():
    name = KEY.name(backup_stem("c" * 80, "n" * 80, NOON))

    assert len(name) <= 63
    assert name.endswith(f"-1300-{KEY.digest}")


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_cluster_and_workload_give_a_legal_name(cluster, workload):
    for stem in (backup_stem(cluster, workload, NOON), restore_stem(cluster, workload)):
        name = KEY.name(stem)
        assert len(name) <= 63
        assert DNS.fullmatch(name), name


@given(st.text(max_size=200))
def test_any_text_gives_a_legal_label(text):
    value = readable_label(text)

    assert len(value) <= 63
    assert LABEL.fullmatch(value), value


def test_clusters_of_one_bucket_get_different_names():
    assert backup_stem("eu", "shop", NOON) != backup_stem("us", "shop", NOON)


def test_a_long_label_is_cut_as_velero_cuts_it():
    # label.GetValidName of 1.18: the first 57 characters, then six of the SHA-256.
    long = "this-is-a-very-long-name-that-no-label-of-kubernetes-can-hold-in-full"

    assert label_value(long) == long[:57] + hashlib.sha256(long.encode()).hexdigest()[:6]
    assert label_value("short") == "short"


def test_intent_does_not_depend_on_the_order_of_fields():
    assert intent({"a": 1, "b": [2]}) == intent({"b": [2], "a": 1})
    assert intent({"a": 1}) != intent({"a": 2})


def test_one_store_has_one_name_everywhere():
    assert store_name("s3://h/b") == store_name("s3://h/b") != store_name("s3://h/c")
    assert digest("s3://h/b")[:12] in store_name("s3://h/b")
