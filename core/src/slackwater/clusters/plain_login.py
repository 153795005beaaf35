"""Login by what simply stands in the kubeconfig, without the ``kubernetes`` package.

That package takes a third of a second to import, in each process and for a service account's token
too. Whatever is not plain, or not well-formed, is left to it, and so are its errors.
"""

from __future__ import annotations

from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from slackwater.clusters.kubeconfig import Access

if TYPE_CHECKING:
    from urllib3 import PoolManager

_OF_A_CLUSTER = {
    "server",
    "certificate-authority",
    "certificate-authority-data",
    "insecure-skip-tls-verify",
    "tls-server-name",
    "extensions",
}
_OF_A_USER = {"token", "extensions"}


def is_plain(access: Access) -> bool:
    """Whether a context has a token or no user at all, and no proxy lies in between."""
    token = access.user.get("token", "")
    return (
        set(access.cluster) <= _OF_A_CLUSTER
        and set(access.user) <= _OF_A_USER
        and isinstance(token, str)
        and not ({"all", urlsplit(access.server).scheme} & getproxies().keys())
    )


def plain_headers(access: Access) -> dict[str, str]:
    """The headers that say who we are, as they stand in the kubeconfig."""
    token = access.user.get("token")
    # A token read from a file may end in a line break, which no header may carry.
    return {"authorization": f"Bearer {token}".strip()} if token else {}


def plain_pool(access: Access, connections: int) -> PoolManager:
    """The connections, checked as the context says.

    Raises what ``Access.authority`` does; ``ValueError`` or ``OSError`` where that is none.
    """
    from urllib3 import PoolManager  # only needed with the first request

    settings: dict[str, Any] = {"maxsize": connections}
    if access.server.startswith("https"):
        insecure = bool(access.cluster.get("insecure-skip-tls-verify"))
        settings["cert_reqs"] = "CERT_NONE" if insecure else "CERT_REQUIRED"
        if authority := access.authority():
            settings["ca_cert_data"] = text = authority.decode("ascii")
            SSLContext(PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
        if name := access.cluster.get("tls-server-name"):
            settings["server_hostname"] = name
    return PoolManager(**settings)
