"""What makes two locations the same store: endpoint, bucket and prefix, written one way.

Names of locations differ between clusters, and so does the way their URLs are typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

_AMAZON = re.compile(r"^s3([.-][a-z0-9-]+)*\.(?P<partition>amazonaws\.com(\.cn)?)$")
_PORTS = {"http": 80, "https": 443}


def store_identity(
    provider: str, bucket: str, prefix: str | None, config: Mapping[str, str] | None
) -> str:
    """Return the identity of a store, such as ``s3://s3.example.org/backups/prod``.

    ``provider`` and ``config`` are those of a BackupStorageLocation. Unknown providers are told
    apart by their name and whatever endpoint their config names.
    """
    settings = config or {}
    name = provider.removeprefix("velero.io/")
    root = _ROOTS.get(name, _other_root)(name, settings)
    parts = [root, bucket.strip("/"), (prefix or "").strip("/")]
    return "/".join(part for part in parts if part)


def missing_store(cluster: str, location: str) -> str:
    """Return what stands for a store of which only a location's name in one cluster is known."""
    return f"unknown://{cluster}/{location or '(none)'}"


def endpoint(provider: str, config: Mapping[str, str] | None) -> str:
    """Return the part of the identity that credentials belong to: provider and host."""
    name = provider.removeprefix("velero.io/")
    return _ROOTS.get(name, _other_root)(name, config or {})


def _amazon_root(_: str, config: Mapping[str, str]) -> str:
    host = _host(config.get("s3Url", ""))
    if not host:
        china = config.get("region", "").startswith("cn-")
        return "s3://amazonaws.com.cn" if china else "s3://amazonaws.com"
    # Bucket names are unique over all regions of a partition, so the region says nothing.
    amazon = _AMAZON.match(host)
    return f"s3://{amazon['partition'] if amazon else host}"


def _azure_root(_: str, config: Mapping[str, str]) -> str:
    uri = config.get("storageAccountURI", "")
    if uri:
        return f"azure://{_host(uri)}"
    return f"azure://{config.get('storageAccount', '').lower()}.blob.core.windows.net"


def _google_root(_: str, __: Mapping[str, str]) -> str:
    return "gs:/"


def _other_root(provider: str, config: Mapping[str, str]) -> str:
    given = next((config[key] for key in ("endpoint", "url", "s3Url") if config.get(key)), "")
    return f"{provider}://{_host(given) or '-'}"


_ROOTS = {"aws": _amazon_root, "azure": _azure_root, "gcp": _google_root}


def _host(url: str) -> str:
    """Host and port of a URL, lower case, the scheme's own port left out."""
    if not url:
        return ""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    host = (parts.hostname or "").lower()
    port = parts.port if parts.port != _PORTS.get(parts.scheme) else None
    path = parts.path.rstrip("/")
    return f"{host}:{port}{path}" if port else f"{host}{path}"
