"""The recorded fleet answers as a kube-apiserver does, and all contenders find the same in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from slackwater_testbed.engines import missing

from .contenders import CONTENDERS
from .fleet_files import write_fleet_files
from .points import FLOOR, LOOP, run_contender
from .server import recorded_fleet

BACKUPS = "/apis/velero.io/v1/namespaces/velero/backups"
CLUSTERS, EACH = 2, 3


@pytest.fixture(scope="module")
def urls() -> Iterator[list[str]]:
    with recorded_fleet(CLUSTERS, EACH) as urls:
        yield urls


def listed(url: str, path: str = BACKUPS, **query: Any) -> Any:
    return httpx.get(url + path, params=query).raise_for_status().json()


def names(page: Any) -> list[str]:
    return [item["metadata"]["name"] for item in page["items"]]


def test_a_limit_is_kept_and_the_rest_can_be_asked_for(urls: list[str]) -> None:
    whole = listed(urls[0])
    first = listed(urls[0], limit=2)
    assert first["metadata"]["remainingItemCount"] == 1
    rest = listed(urls[0], limit=2, **{"continue": first["metadata"]["continue"]})
    assert [names(first), names(rest)] == [names(whole)[:2], names(whole)[2:]]
    assert whole["metadata"]["continue"] == rest["metadata"]["continue"] == ""


def test_every_cluster_has_backups_and_a_store_of_its_own(urls: list[str]) -> None:
    pages = [listed(url) for url in urls]
    uids = {item["metadata"]["uid"] for page in pages for item in page["items"]}
    assert len(uids) == CLUSTERS * EACH
    locations = [listed(url, BACKUPS.replace("backups", "backupstoragelocations")) for url in urls]
    prefixes = [each["items"][0]["spec"]["objectStorage"]["prefix"] for each in locations]
    assert prefixes == ["cluster-000", "cluster-001"]


def test_a_page_is_as_large_as_a_real_one(urls: list[str]) -> None:
    recorded = json.loads((Path(__file__).parent / "recorded" / "backup.json").read_text())
    real = len(json.dumps(recorded, separators=(",", ":")))
    served = len(httpx.get(urls[0] + BACKUPS).content) / EACH
    assert served == pytest.approx(real, rel=0.2)
    assert all("managedFields" in item["metadata"] for item in listed(urls[0])["items"])


def test_a_connection_is_kept(urls: list[str]) -> None:
    with httpx.Client(base_url=urls[0], limits=httpx.Limits(max_connections=1)) as client:
        streams = [client.get(BACKUPS).extensions["network_stream"] for _ in range(2)]
        addresses = {stream.get_extra_info("client_addr") for stream in streams}
    assert len(addresses) == 1


def test_what_is_not_there_is_not_found(urls: list[str]) -> None:
    assert httpx.get(urls[0] + "/apis/velero.io/v1/restores").status_code == 404


@pytest.mark.parametrize("name", CONTENDERS)
def test_every_contender_finds_every_point(name: str, urls: list[str], tmp_path: Path) -> None:
    if name == LOOP and missing(["kubernetes"]):
        pytest.skip("kubectl is not built")
    write_fleet_files(tmp_path, urls)
    assert CONTENDERS[name](tmp_path)() == CLUSTERS * EACH


def test_a_contender_that_finds_another_number_is_refused(urls: list[str], tmp_path: Path) -> None:
    write_fleet_files(tmp_path, urls)
    with pytest.raises(ValueError, match="unread found 6 points of 7"):
        run_contender(FLOOR, tmp_path, 7)
