"""etcd and its tools, emulated: members and their data in a folder, and programs that read it.

Nothing listens: an address is a name under which the stand-ins find a member's data. They are
processes all the same, started, timed out and killed as the real ones are. Which behaviour is
documented, which was measured, and what is simpler than the real thing, stands in each of
``programs/etcdctl.py``, ``programs/etcdutl.py`` and ``programs/etcd.py``.
"""

from __future__ import annotations

from slackwater_etcdctl.emulator.world import EtcdWorld

__all__ = ["EtcdWorld"]
