"""Requests take the short way through urllib3, and lose nothing by it."""

from __future__ import annotations

import pytest
import urllib3

from slackwater.clusters import Cluster
from slackwater.clusters.sending import sender
from slackwater.errors import ConfigurationError

from .api_server import Answer


def test_connections_closed_while_a_request_is_on_its_way_are_opened_again(api):
    with urllib3.PoolManager() as pool:
        send = sender(pool, api.url)
        assert send("GET", "/version", {}, None, 10).status == 200
        pool.clear()
        assert send("GET", "/version", {}, None, 10).status == 200


def test_requests_one_after_the_other_share_a_connection(api):
    with urllib3.PoolManager() as pool:
        send = sender(pool, api.url)
        for _ in range(3):
            send("GET", "/version", {}, None, 10)
        connections = pool.connection_from_url(api.url)
        assert (connections.num_connections, connections.num_requests) == (1, 3)


def test_a_server_that_points_elsewhere_is_not_followed(api):
    api.answer = lambda _: Answer(status=302, headers={"location": "/elsewhere"})
    with urllib3.PoolManager() as pool:
        assert sender(pool, api.url)("GET", "/version", {}, None, 10).status == 302
    assert [request.path for request in api.requests] == ["/version"]


def test_an_address_without_a_scheme_is_not_spoken_to_in_the_clear(kubeconfig):
    with (
        Cluster("eu", kubeconfig=kubeconfig("example.org")) as cluster,
        pytest.raises(ConfigurationError, match="does not begin with https"),
    ):
        cluster.get("/version")
