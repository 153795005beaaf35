"""Login to a cluster, by the ``kubernetes`` package: exec plugins, OIDC, certificates, proxies.

The only file that touches that package's login. What is not obvious about it (version 37):

- Importing any part of it runs ``kubernetes/__init__``, which imports all its parts (about 0.6 s),
  so it is imported on the first login that needs it (``plain_login`` does not) and not before.
- A failing exec plugin raises nothing; it is reported through the root logger, and the client then
  comes without credentials. ``_Words`` catches those reports.
- A token is renewed before each request that finds it within 5 minutes of its expiry, by running
  the plugin again. Certificates from plugins are not; a 401 makes ``Cluster`` log in anew.
- Embedded certificates and keys it writes to files, deleted when Python ends and left by a SIGKILL.
  So it is given files in memory (``memory_files``), where the system has them. Elsewhere its files
  are shared by content, not safely among threads; so ``_write_embedded_files`` comes first. What an
  exec plugin hands out as certificates still comes to lie in its files.
"""

# The package says that it is typed, but its login is not.
# mypy: allow-untyped-calls

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from ssl import PEM_cert_to_DER_cert
from typing import TYPE_CHECKING, Any

from slackwater.clusters.kubeconfig import Access
from slackwater.clusters.memory_files import out_of_data
from slackwater.clusters.plain_login import is_plain, plain_headers, plain_pool
from slackwater.clusters.sending import sender
from slackwater.clusters.translation import LOG_IN_AGAIN
from slackwater.errors import ClusterDenied, ConfigurationError, Problem, SlackwaterError

if TYPE_CHECKING:
    from kubernetes.client import ApiClient, Configuration
    from urllib3 import PoolManager

_AUTHORITY = "certificate-authority"
_OF_A_USER = ("client-certificate", "client-key")
_FILES = threading.Lock()
_NO_FILE = (FileNotFoundError, PermissionError, IsADirectoryError)
_PEM = "-----BEGIN CERTIFICATE-----"
_PEM_END = "-----END CERTIFICATE-----"


class Session:
    """One login: the connections, and headers with credentials that are renewed in time."""

    def __init__(
        self,
        access: Access,
        pool: PoolManager,
        credentials: Callable[[], Mapping[str, str]],
        close: Callable[[], object],
        settings: Callable[[], Configuration],
    ) -> None:
        self.send = sender(pool, access.server)
        """Send one request: method, path, headers, body, time-out."""
        self.url = access.server
        self.ca_hash = authority_hash(access.authority())
        self.close = close
        """Close the idle connections."""
        self.settings = settings
        """What a connection beside the pool needs: certificates, authorities, a proxy."""
        self.headers = credentials
        """The headers that say who we are. May run the exec plugin again."""


def log_in(cluster: str, access: Access, *, connections: int) -> Session:
    """Log in as the context says; runs its exec plugin, if it has one.

    Raises ``ConfigurationError`` where the kubeconfig cannot work and ``ClusterDenied`` where the
    login was refused. ``connections`` bounds those kept open.
    """
    return _plain_session(access, connections) or _session(cluster, access, connections)


def _plain_session(access: Access, connections: int) -> Session | None:
    """A login that needs no package; None where it does, if only to say what is wrong."""
    try:
        if not is_plain(access):
            return None
        pool, headers = plain_pool(access, connections), plain_headers(access)
        session = Session(
            access, pool, lambda: headers, pool.clear, lambda: _plain_settings(access)
        )
    except (SlackwaterError, ValueError, OSError):
        return None
    if access.cluster.get("insecure-skip-tls-verify"):
        _silence_insecure_warning()
    return session


def _session(cluster: str, access: Access, connections: int) -> Session:
    """A login by the package."""
    from kubernetes.client import Configuration  # slow, see above
    from kubernetes.config import ConfigException

    settings = Configuration(connection_pool_maxsize=connections)
    try:
        with _login_words() as words:
            client = _new_client(access, settings)
        _check_plugin(cluster, access, words)
        if not settings.verify_ssl:
            _silence_insecure_warning()
        _keep_lasting_token(settings, access)
        return _packaged(client, access)
    except SlackwaterError:
        raise
    except (ConfigException, ValueError, LookupError, TypeError, *_NO_FILE) as error:
        raise _unusable(access, _reason(error)) from error
    except Exception as error:  # OIDC runs code of five libraries, each with its own errors
        said = f"{cluster}: login failed: {_reason(error)}"
        raise ClusterDenied(said, cluster=cluster, hint=LOG_IN_AGAIN) from error


def _packaged(client: ApiClient, access: Access) -> Session:
    renewal = threading.Lock()

    def credentials() -> dict[str, str]:
        with renewal, _login_words():
            found = client.configuration.auth_settings().values()
        # A token read from a file may end in a line break, which no header may carry.
        return {auth["key"]: auth["value"].strip() for auth in found if auth["value"]}

    pool, settings = client.rest_client.pool_manager, client.configuration
    return Session(access, pool, credentials, client.close, lambda: settings)


def _plain_settings(access: Access) -> Configuration:
    """What the package would make of a plain context."""
    from kubernetes.client import Configuration  # slow, see above

    with _login_words():
        client = _new_client(access, Configuration())
    settings: Configuration = client.configuration
    client.close()
    return settings


def _new_client(access: Access, settings: Configuration) -> ApiClient:
    """The package's client for one context.

    It parses the whole kubeconfig in Python for each login, which takes long where a fleet shares
    one; so it is given only what the context needs. Not where the login renews tokens in the
    kubeconfig: it must write them back, or the next process would come with used-up ones.
    """
    from kubernetes.config import new_client_from_config, new_client_from_config_dict  # see above

    chosen = {"context": access.context, "client_configuration": settings}
    client: ApiClient
    if "auth-provider" in access.user:
        _write_embedded_files(access.cluster, access.user)
        client = new_client_from_config(access.kubeconfig, **chosen)
    else:
        cluster = out_of_data(access.cluster, _AUTHORITY)
        user = out_of_data(access.user, *_OF_A_USER)
        _write_embedded_files(cluster, user)
        excerpt = {
            "contexts": [{"name": access.context, "context": {"cluster": "its", "user": "its"}}],
            "clusters": [{"name": "its", "cluster": cluster}],
            "users": [{"name": "its", "user": user}],
        }
        client = new_client_from_config_dict(excerpt, **chosen)
    return client


def authority_hash(pem: bytes) -> str:
    """SHA-256 over the certificates themselves, so that the file's layout does not matter.

    Empty for no certificate: a server that is checked against the system's authorities has a
    certificate whose issuer changes with each renewal and would identify nothing.
    """
    text = pem.decode("ascii", "replace")
    blocks = [part.partition(_PEM_END)[0] for part in text.split(_PEM)[1:]]
    certificates = sorted(PEM_cert_to_DER_cert(_PEM + block + _PEM_END) for block in blocks)
    return sha256(b"".join(certificates)).hexdigest() if certificates else ""


def _write_embedded_files(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> None:
    from kubernetes.config.kube_config import FileOrData  # slow, see above

    with _FILES:
        for entry, key in ((cluster, _AUTHORITY), *((user, key) for key in _OF_A_USER)):
            if f"{key}-data" in entry:
                FileOrData(entry, key).as_file()


def _silence_insecure_warning() -> None:
    """``insecure-skip-tls-verify`` was chosen in the kubeconfig; urllib3 warns at each request."""
    from urllib3.exceptions import InsecureRequestWarning  # loaded by the login anyway

    warnings.simplefilter("ignore", InsecureRequestWarning)


def _keep_lasting_token(settings: Configuration, access: Access) -> None:
    """Nothing renews a token that is written down; the package would still look, each request.

    Looking sets the whole configuration anew, down to the proxies in the environment: a third of
    what a request costs us.
    """
    if not ("exec" in access.user or "auth-provider" in access.user):
        settings.refresh_api_key_hook = None


def _check_plugin(cluster: str, access: Access, words: list[str]) -> None:
    """A plugin that ran and said no is a refused login; one that could not run is a mistake."""
    if not words:
        return
    said, plugin = words[-1], access.user.get("exec") or {}
    command = plugin.get("command", "")
    if said.startswith("exec: process returned"):
        message = f"{cluster}: the login plugin {command!r} failed: {_last_words(said)}"
        raise ClusterDenied(message, cluster=cluster, hint=LOG_IN_AGAIN)
    if said.startswith("[Errno"):
        wanted = " ".join(str(plugin.get("installHint") or "install it, or correct PATH").split())
        raise _unusable(access, f"the login plugin {command!r} cannot be run ({said}); {wanted}")
    raise _unusable(access, f"the login plugin {command!r} gave no credentials: {said}")


def _unusable(access: Access, said: str) -> ConfigurationError:
    return ConfigurationError(
        Problem(f"context {access.context!r}: {said}", file=access.kubeconfig)
    )


def _reason(error: Exception) -> str:
    return _last_words(str(error)) or type(error).__name__


def _last_words(text: str) -> str:
    """A plugin's own words; of a traceback only its last line, which is the reason."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if any("Traceback (most recent call last)" in line for line in lines):
        return lines[-1]
    return " ".join(lines)


class _Words(logging.Filter):
    """Keeps the login's reports to the root logger from the screen, and for us, per thread."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        heard = getattr(self.heard, "words", None)
        if heard is None or record.module != "kube_config":
            return True
        heard.append(record.getMessage())
        return False


_WORDS = _Words()


@contextmanager
def _login_words() -> Iterator[list[str]]:
    """Collect what the package logs in this thread meanwhile.

    The handler is there because ``logging.error`` sets up printing where the root logger has none.
    """
    root, words, quiet = logging.getLogger(), list[str](), logging.NullHandler()
    root.addFilter(_WORDS)  # once in all; it stays, and lets through what is not the login's
    root.addHandler(quiet)
    _WORDS.heard.words = words
    try:
        yield words
    finally:
        _WORDS.heard.words = None
        root.removeHandler(quiet)
