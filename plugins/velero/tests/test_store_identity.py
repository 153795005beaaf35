"""One store, however its URL is typed; two stores, however alike."""

from __future__ import annotations

import pytest

from slackwater_velero.store_identity import store_identity


def s3(url="", bucket="backups", prefix="prod", **config):
    return store_identity("aws", bucket, prefix, {"s3Url": url, **config} if url else config)


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.example.org",
        "https://s3.example.org/",
        "https://S3.EXAMPLE.org:443",
        "s3.example.org",
        "http://s3.example.org:80",
    ],
)
def test_one_endpoint_typed_in_many_ways(url):
    assert s3(url) == "s3://s3.example.org/backups/prod"


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("", "eu-central-1"),
        ("", "us-east-1"),
        ("https://s3.eu-central-1.amazonaws.com", "eu-central-1"),
        ("https://s3-eu-west-1.amazonaws.com", "eu-west-1"),
        ("https://s3.dualstack.eu-west-1.amazonaws.com", ""),
        ("https://s3.amazonaws.com", ""),
    ],
)
def test_amazon_is_one_place_in_all_its_regions(url, region):
    assert s3(url, region=region) == "s3://amazonaws.com/backups/prod"


def test_amazon_in_china_is_another():
    assert s3(region="cn-north-1") == "s3://amazonaws.com.cn/backups/prod"


@pytest.mark.parametrize("prefix", ["prod", "/prod", "prod/", "/prod/"])
def test_slashes_around_a_prefix_say_nothing(prefix):
    assert s3("https://h", prefix=prefix) == "s3://h/backups/prod"


def test_no_prefix_is_the_whole_bucket():
    assert s3("https://h", prefix="") == s3("https://h", prefix=None) == "s3://h/backups"


@pytest.mark.parametrize(
    "other",
    [
        s3("https://other"),
        s3("https://h:9000"),
        s3("https://h", bucket="else"),
        s3("https://h", prefix="dev"),
        store_identity("gcp", "backups", "prod", {}),
    ],
)
def test_another_endpoint_bucket_or_prefix_is_another_store(other):
    assert s3("https://h") != other


def test_full_and_short_names_of_a_provider_are_one():
    assert store_identity("velero.io/aws", "b", "", {}) == store_identity("aws", "b", "", {})


def test_azure_is_told_apart_by_its_account():
    one = store_identity("azure", "container", "p", {"storageAccount": "One"})

    assert one == "azure://one.blob.core.windows.net/container/p"
    assert one != store_identity("azure", "container", "p", {"storageAccount": "two"})
    china = {"storageAccountURI": "https://one.blob.core.chinacloudapi.cn"}
    assert "chinacloudapi" in store_identity("azure", "container", "p", china)


def test_google_buckets_are_known_by_their_name():
    assert store_identity("gcp", "b", "p", {"serviceAccount": "x"}) == "gs://b/p"


def test_unknown_providers_are_told_apart_by_name_and_endpoint():
    one = store_identity("example.org/disk", "b", "", {"endpoint": "https://a"})

    assert one == "example.org/disk://a/b"
    assert one != store_identity("example.org/disk", "b", "", {"endpoint": "https://b"})
