"""Looks whether a backup would go well: programs, members, store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slackwater.errors import ClusterError, SlackwaterError
from slackwater.model.finding import Finding
from slackwater_etcdctl import member_checks
from slackwater_etcdctl.access import Session
from slackwater_etcdctl.choosing import choose
from slackwater_etcdctl.errors import TOOL, NoFitMember, ToolMissing
from slackwater_etcdctl.members import Candidate, look, rank
from slackwater_etcdctl.site import Site
from slackwater_etcdctl.surroundings import advice, platform_here
from slackwater_etcdctl.tools import Program
from slackwater_etcdctl.voice import Voice

_STORE = "see that the store is named under stores in the fleet file, and that it answers"
_LOOK_YOURSELF = "etcdctl endpoint status --cluster -w table shows the members as they are"


@dataclass(frozen=True)
class Checker:
    """Checks one site. What a tool, the store or the cluster says is returned, not raised."""

    site: Site

    @property
    def _voice(self) -> Voice:
        return self.site.voice

    def check(self) -> Iterator[Finding]:
        """Yield everything that is wrong, or may become so."""
        yield from self._store()
        missing = list(self._programs())
        yield from missing
        if not self.site.settings.endpoints:
            yield self._voice.error(
                "no-endpoints",
                self._voice.cluster,
                "no endpoint of etcd is named",
                "name the client addresses of its members under endpoints; where the control plane "
                "is managed, remove etcdctl from this cluster in the fleet file",
            )
        elif not any(finding.blocks for finding in missing):
            yield from self._etcd()

    def _store(self) -> Iterator[Finding]:
        try:
            for finding in self.site.store().check():
                yield finding.model_copy(update={"cluster": self._voice.cluster, "tool": TOOL})
        except SlackwaterError as error:
            subject = self.site.settings.store or "store"
            yield self._wrong("store-unavailable", subject, error, _STORE)

    def _programs(self) -> Iterator[Finding]:
        tools = self.site.tools
        for program in (Program.ETCDCTL, Program.ETCDUTL):
            try:
                tools.path(program)
            except ToolMissing as error:
                yield self._wrong("tool-missing", program, error)
        if tools.has(Program.ETCDUTL) and not tools.supports(
            Program.ETCDUTL, "snapshot restore", "--bump-revision"
        ):
            yield self._voice.warning(
                "etcdutl-too-old",
                Program.ETCDUTL,
                f"etcdutl {tools.version(Program.ETCDUTL)} cannot bump the revision: after a "
                "restore API servers and controllers would not notice that time went back",
                "install etcdutl 3.5.10 or newer, of the minor version that etcd has",
            )

    def _etcd(self) -> Iterator[Finding]:
        settings = self.site.settings
        yield from member_checks.transport(settings, self._voice)
        try:
            with self.site.session() as session:
                seen = look(session, settings.endpoints)
                yield from member_checks.silent(seen, self._voice)
                candidates = rank(seen, settings.max_lag, self._voice.cluster)
                yield from member_checks.review(candidates, self._voice)
                yield from self._choice(session)
                yield from self._list(session, candidates[0])
        except SlackwaterError as error:
            yield self._wrong("etcd-unavailable", ", ".join(settings.endpoints), error)
        else:
            yield from advice(platform_here(self.site.cluster), settings, self._voice)

    def _choice(self, session: Session) -> Iterator[Finding]:
        """Choose as a backup would: a fit member, quorum, and the right etcd."""
        try:
            uid = self.site.cluster.identity().uid
        except ClusterError:
            uid = ""
        try:
            chosen = choose(session, self.site.settings, uid)
        except NoFitMember as error:
            yield self._wrong("no-fit-member", ", ".join(self.site.settings.endpoints), error)
        else:
            for doubt in chosen.doubts:
                yield self._voice.warning("member-doubtful", chosen.member.endpoint, doubt)

    def _list(self, session: Session, candidate: Candidate) -> Iterator[Finding]:
        listed = session.members(candidate.endpoint).members
        yield from member_checks.unnamed(listed, self.site.settings.endpoints, self._voice)

    def _wrong(
        self, code: str, subject: str, error: SlackwaterError, way_out: str = _LOOK_YOURSELF
    ) -> Finding:
        return self._voice.error(code, subject, str(error), error.hint or way_out)
