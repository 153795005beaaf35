"""What the conformance kit has to be told about one tool."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType

from slackwater.backend import Backend
from slackwater.model.act import Act
from slackwater.model.operation import OperationRef
from slackwater.model.workload import Workload
from slackwater.testing.conformance.recipe import Recipe


class Trouble(StrEnum):
    """What a subject can be asked to do to the tool.

    Troubles with requests befall every cluster of the subject, each on its own; those with
    operations the home cluster.
    """

    THROTTLED = "throttled"
    """The next request is refused for being one too many, with ``Subject.retry_after``."""
    UNAVAILABLE = "unavailable"
    """Nothing answers any more."""
    DENIED = "denied"
    """Every right is taken from us, the right to read included."""
    ANSWER_LOST = "answer lost"
    """The next change is made, and the connection closes before the answer."""
    SLOW_LIST = "slow list"
    """The next list of recovery points takes longer than the backend waits."""
    TORN_LIST = "torn list"
    """The next list of recovery points breaks after its first page."""
    FAILS = "fails"
    """The next operation begins and fails in the tool, in the words of ``failure_words``."""
    WARNS = "warns"
    """The next operation ends well, with a warning that is no loss."""
    STALLS = "stalls"
    """Operations begin, at the latest when time passes, and do not come to an end."""
    WAITS = "waits"
    """The tool takes operations in, and does not begin them."""
    STRANGE_STATE = "strange state"
    """The operation of the given reference is in a state that no documentation names."""
    GONE = "gone"
    """The operation of the given reference is removed from the tool behind our back."""


class Subject(ABC):
    """A tool under test, fresh for every test: a home cluster, perhaps others, and troubles.

    Attributes, to be set by the class or its constructor:

    ``tool``            the name of the backend type
    ``home``            the cluster whose backend is tested
    ``home_uid``        who home is, where the tool looks at it: the uid of its ``kube-system``
    ``neighbour``       another cluster that shows the stores of home; empty where there is none
    ``stranger``        a cluster that does not show them (yet); empty where there is none
    ``workload``        seeded in home, whole: the tool can back up all of it
    ``claims``          the volumes of that workload, by the names of their claims
    ``other_workload``  another one, for the same key with other content
    ``gap_workload``    seeded with a volume that the tool passes over; None for tools without
    ``page``            how many recovery points the backend lists with one request, 3 or more; 1
                        where each is known by a manifest of its own, which must be read
    ``spool``           the folder under which the backends of ``recipe`` have their spools
    ``troubles``        what ``cause`` can do; a promise that needs more is counted as not shown
    ``patience``        how often ``pass_time`` is called before an operation counts as stuck
    ``canaries``        values of secrets that the backend uses; they may show up nowhere
    ``right``           a word of the missing right that must be named when access is denied
    ``retry_after``     the seconds that a throttled request is told to wait
    ``failure_words``   the tool's own words when an operation fails by ``Trouble.FAILS``
    """

    tool: str
    home: str
    home_uid: str = "uid-of-home"
    neighbour: str = ""
    stranger: str = ""
    workload: Workload
    claims: tuple[str, ...] = ()
    other_workload: Workload | None = None
    gap_workload: Workload | None = None
    page: int
    spool: Path
    troubles: frozenset[Trouble] = frozenset(Trouble)
    patience: int = 20
    canaries: tuple[str, ...] = ()
    right: str = ""
    retry_after: float = 7.0
    failure_words: str = ""

    @abstractmethod
    def recipe(self, cluster: str) -> Recipe:
        """Return how to make the backend of a cluster, in this process or another."""

    @abstractmethod
    def make_points(self, count: int) -> tuple[str, ...]:
        """Make so many finished recovery points the cheapest way, as a stranger would have.

        Without our stamp, begun a second or more apart, all within the reach of home; over two
        namespaces by turns where the tool backs up namespaces. Returns their names.
        """

    @abstractmethod
    def cause(self, trouble: Trouble, ref: OperationRef | None = None) -> None:
        """Bring about the trouble."""

    def struck(self) -> bool:
        """Whether what was caused has befallen a request yet; asked before ``heal``.

        Of interest are troubles that wait for the next request of a sort: a promise is not shown
        by one that never came.
        """
        return True

    @abstractmethod
    def heal(self) -> None:
        """End every trouble."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Return a value that differs after any change in the tool or in a cluster.

        Counting requests or renewing a lease is no change; nor are objects by which a tool is only
        asked something (for a download, say), which are gone again soon.
        """

    @abstractmethod
    def requests(self) -> int:
        """Return how many requests have been answered so far, over all clusters."""

    @abstractmethod
    def operations(self) -> int:
        """Return how many operations of any sort the tool in the home cluster holds."""

    @abstractmethod
    def pass_time(self) -> None:
        """Let a little time pass, so that the tool gets on; wait for it where it is real."""

    @abstractmethod
    def wreck(self, workload: Workload) -> None:
        """Remove the workload from its cluster: the accident before a restore."""

    @abstractmethod
    def holds(self, target: Workload, original: Workload) -> bool:
        """Whether the target has all that the original had when it was seeded."""

    @abstractmethod
    def close(self) -> None:
        """End whatever the subject has started."""

    def confirm(self, act: Act) -> None:
        """Do what a person is asked to do; nothing, unless the tool can notice."""
        del act

    def now(self) -> datetime:
        """Return the time as the tool sees it."""
        return datetime.now(UTC)

    def backend(self, cluster: str = "") -> Backend:
        """Make a fresh backend, of home where no cluster is named."""
        return self.recipe(cluster or self.home).build()

    def __enter__(self) -> Subject:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
