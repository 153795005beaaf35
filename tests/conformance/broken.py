"""For each promise an in-memory backend that breaks it, and as little else as possible.

The table ``BROKEN`` leads from the name of the kit's test to the class. ``build`` is what recipes
name, so that the broken backends live in other processes too.
"""

from __future__ import annotations

import os
import tempfile
import threading
import uuid
from contextlib import contextmanager
from pathlib import Path

from slackwater.errors import (
    BackendUnavailable,
    OperationNotFound,
    PermissionDenied,
    RecoveryPointNotFound,
    Throttled,
    Unsupported,
)
from slackwater.model.act import Act
from slackwater.model.capability import Capability, Level, Support
from slackwater.model.finding import Finding, Severity
from slackwater.model.operation import Explanation, OperationRef, Phase
from slackwater.model.recovery_point import Stamp
from slackwater.testing.memory import ArchiveBackend, MemoryBackend, MemorySettings, Word
from slackwater.testing.memory.plugin import make_context
from slackwater.testing.memory.subject import ArchiveSubject, MemorySubject

BROKEN = {}


def breaks(*promises):
    def register(kind):
        BROKEN.update(dict.fromkeys(promises, kind))
        return kind

    return register


def build(*, promise, tool, cluster, spool, secrets, **settings):
    del tool
    context = make_context(cluster, Path(spool), secrets)
    return BROKEN[promise](MemorySettings.model_validate(settings), context)


def subject_for(promise, folder):
    archive = issubclass(BROKEN[promise], ArchiveBackend)
    subject = (ArchiveSubject if archive else MemorySubject)(folder, promise=promise)
    subject.factory = f"{Path(__file__).resolve()}:build"
    return subject


def changed(model, **update):
    return model.model_copy(update=update)


class Changing(MemoryBackend):
    """A backend whose plans, points and descriptions pass through the hands of a subclass."""

    def change_act(self, act):
        return act

    def change_plan(self, plan):
        return changed(plan, acts=tuple(self.change_act(act) for act in plan.acts))

    def plan_backup(self, request):
        return self.change_plan(super().plan_backup(request))

    def plan_restore(self, request):
        return self.change_plan(super().plan_restore(request))

    def plan_deletion(self, point):
        return self.change_plan(super().plan_deletion(point))

    def change_point(self, point):
        return point

    def list_recovery_points(self, query):
        yield from map(self.change_point, super().list_recovery_points(query))

    def get_recovery_point(self, point):
        return self.change_point(super().get_recovery_point(point))

    def leave_a_trace(self):
        self.tool.show_store(f"trace-{uuid.uuid4().hex}", "mem://trace", "r-trace")


def declaring(capability, level):
    class Declaring(MemoryBackend):
        def describe(self):
            description = super().describe()
            levels = {**description.capabilities, capability: Support(level=level)}
            return changed(description, capabilities=levels)

    return Declaring


# Listing and reading


@breaks("test_each_point_is_listed_exactly_once")
class ListsTheLastOfEachPageTwice(MemoryBackend):
    def list_recovery_points(self, query):
        for number, point in enumerate(super().list_recovery_points(query), start=1):
            yield point
            if number % self.settings.page == 0:
                yield point


@breaks("test_points_made_by_others_are_listed")
class ListsItsOwnOnly(MemoryBackend):
    def list_recovery_points(self, query):
        yield from (point for point in super().list_recovery_points(query) if point.stamp)


@breaks("test_listing_is_cheap")
class ReadsEachPointWhileListing(MemoryBackend):
    def list_recovery_points(self, query):
        for point in super().list_recovery_points(query):
            yield self.get_recovery_point(point.id)


@breaks("test_listing_changes_nothing")
class LeavesATraceWhenListing(Changing):
    def list_recovery_points(self, query):
        self.leave_a_trace()
        return super().list_recovery_points(query)


@breaks("test_query_is_applied")
class IgnoresTheQuery(MemoryBackend):
    def list_recovery_points(self, query):
        return super().list_recovery_points(type(query)())


@breaks("test_listed_points_name_their_place")
class NamesNoPlace(Changing):
    def change_point(self, point):
        return changed(point, places=())


@breaks("test_a_point_is_one_wherever_it_is_shown")
class IdentifiesPointsByTheClusterThatShowsThem(Changing):
    def change_point(self, point):
        return changed(point, id=changed(point.id, store=f"{self.cluster}/{point.id.store}"))


@breaks("test_a_list_that_breaks_is_never_short", "test_a_slow_list_is_never_short")
class EndsTheListWhereItBreaks(MemoryBackend):
    def list_recovery_points(self, query):
        try:
            yield from super().list_recovery_points(query)
        except BackendUnavailable:
            return


@breaks("test_several_threads_may_list_at_once")
class ServesTheThreadThatMadeIt(MemoryBackend):
    def __init__(self, settings, context):
        super().__init__(settings, context)
        self.owner = threading.get_ident()

    def list_recovery_points(self, query):
        if threading.get_ident() != self.owner:
            raise BackendUnavailable("made in another thread")
        return super().list_recovery_points(query)


@breaks("test_reading_a_point_tells_its_contents")
class ReadsNothing(MemoryBackend):
    def get_recovery_point(self, point):
        return changed(super().get_recovery_point(point), contents=None)


@breaks("test_a_point_is_found_by_its_name_alone")
class NeedsTheStore(MemoryBackend):
    def get_recovery_point(self, point):
        if not point.store:
            raise RecoveryPointNotFound("in which store?")
        return super().get_recovery_point(point)


@breaks("test_reading_a_point_changes_nothing")
class LeavesATraceWhenReading(Changing):
    def get_recovery_point(self, point):
        self.leave_a_trace()
        return super().get_recovery_point(point)


@breaks("test_a_skipped_volume_makes_a_point_partial")
class BelievesTheToolsWord(MemoryBackend):
    def get_recovery_point(self, point):
        return changed(super().get_recovery_point(point), phase=Phase.SUCCEEDED)


@breaks("test_held_volumes_are_told")
class TellsNoVolumes(MemoryBackend):
    def get_recovery_point(self, point):
        read = super().get_recovery_point(point)
        return changed(read, contents=changed(read.contents, volumes=()))


@breaks("test_a_missing_point_is_not_found")
class TakesAMissingPointForSilence(MemoryBackend):
    def translated(self, missing=None):
        return super().translated(BackendUnavailable)


# Planning


@breaks("test_planning_changes_nothing")
class LeavesATraceWhenPlanning(Changing):
    def plan_restore(self, request):
        self.leave_a_trace()
        return super().plan_restore(request)


@breaks("test_act_ids_are_unique")
class GivesOneIdToAll(Changing):
    def change_plan(self, plan):
        return changed(plan, acts=tuple(changed(act, id="act", needs=()) for act in plan.acts))


@breaks("test_acts_need_only_acts_before_them")
class NeedsWhatIsNotThere(Changing):
    def change_act(self, act):
        return changed(act, needs=("unheard-of",))


@breaks("test_acts_say_what_they_do")
class SaysNothing(Changing):
    def change_act(self, act):
        return changed(act, effects=())


@breaks("test_restores_say_where_they_write")
class WritesInSilence(Changing):
    def change_act(self, act):
        return changed(act, writes=())


@breaks("test_payloads_are_plain_json")
class PutsATupleIntoPayloads(Changing):
    def change_act(self, act):
        return changed(act, payload={**act.payload, "extra": ("a", "b")})


@breaks("test_limits_are_declared")
class CountsAgainstAnUndeclaredLimit(Changing):
    def change_act(self, act):
        return changed(act, limit="hidden")


BROKEN["test_what_is_unsupported_is_refused"] = declaring(Capability.MAP_IMAGES, Level.UNSUPPORTED)
BROKEN["test_what_is_supported_is_planned"] = declaring(Capability.CONTROL_PLANE, Level.SUPPORTED)


@breaks("test_deletion_deletes")
class DeletesSomethingElse(MemoryBackend):
    def plan_deletion(self, point):
        plan = super().plan_deletion(point)
        payload = plan.acts[0].payload
        aside = {**payload, "wanted": {**payload["wanted"], "point": "nothing"}}
        return changed(plan, acts=(changed(plan.acts[0], payload=aside),))


@breaks("test_deleting_a_missing_point_is_not_found")
class PlansToDeleteWhatIsNotThere(MemoryBackend):
    def get_recovery_point(self, point):
        return None


BROKEN["test_what_was_not_brought_is_not_shown"] = declaring(Capability.BY_IMPORT, Level.SUPPORTED)


@breaks("test_what_was_brought_is_no_point_of_its_new_cluster")
class TakesWhatCameForItsOwn(
    BROKEN["test_what_was_not_brought_is_not_shown"],
    Changing,  # type: ignore[misc]
):
    def change_point(self, point):
        return changed(point, origin=self.cluster)


@breaks("test_bringing_a_point_can_be_gone_on_with")
class BringsItAnewEachTime(BROKEN["test_what_was_not_brought_is_not_shown"]):
    def start(self, act, key):
        return super().start(act, changed(key, run=uuid.uuid4().hex))


class Hiding(MemoryBackend):
    def perform(self, act, key, report):
        if act.always:
            self.hide(str(act.payload["name"]), key)
            return {}
        return super().perform(act, key, report)


@breaks("test_clean_up_takes_back_what_was_added")
class ForgetsToCleanUp(Hiding):
    def hide(self, name, key):
        pass


@breaks("test_clean_up_may_run_where_nothing_began")
class CannotCleanUpWhatIsNotThere(Hiding):
    def hide(self, name, key):
        if name not in self.tool.list_stores():
            raise OperationNotFound(f"no store {name}")
        self.tool.hide_store(name, key.run)


@breaks("test_clean_up_leaves_what_another_run_needs")
class CleansUpForOthersToo(Hiding):
    def hide(self, name, key):
        shown = self.tool.list_stores().get(name)
        for run in shown.shown_for if shown else ():
            self.tool.hide_store(name, run)


@breaks("test_restore_brings_the_workload_back")
class RestoresNothing(Changing):
    def change_act(self, act):
        if act.id != "restore":
            return act
        wanted = {**act.payload["wanted"], "scope": {}}
        return changed(act, payload={**act.payload, "wanted": wanted})


@breaks("test_restore_into_another_cluster")
class IgnoresTheMapping(Changing):
    def change_act(self, act):
        if act.id != "restore":
            return act
        wanted = {**act.payload["wanted"], "mapping": {}}
        return changed(act, payload={**act.payload, "wanted": wanted})


@breaks("test_restore_where_the_store_is_not_shown")
class KnowsNoWayOut(Changing):
    def change_plan(self, plan):
        if not any(act.always for act in plan.acts):
            return plan
        finding = Finding(severity=Severity.ERROR, code="no", subject="store", message="no store")
        return changed(plan, acts=(), findings=(finding,))


# Operated acts


class Naming(MemoryBackend):
    """Starts operations under keys of the subclass's own making."""

    def start(self, act, key):
        return super().start(act, self.change_key(act, key))


@breaks("test_a_reference_names_tool_and_cluster")
class NamesNoCluster(MemoryBackend):
    def start(self, act, key):
        return changed(super().start(act, key), cluster="")


@breaks(
    "test_starting_twice_with_one_key_is_one_operation",
    "test_a_lost_answer_leads_to_one_operation",
)
class NamesByChance(Naming):
    def change_key(self, act, key):
        return changed(key, step=f"{key.step}-{uuid.uuid4()}")


@breaks("test_an_act_from_the_journal_is_the_same_act")
class SeesADifferenceInTuples(Naming, Changing):
    def change_act(self, act):
        return changed(act, payload={**act.payload, "extra": ("a",)})

    def change_key(self, act, key):
        return changed(key, step=f"{key.step}-{act.payload!r}")


@breaks("test_two_processes_start_one_operation")
class NamesByProcess(Naming):
    def change_key(self, act, key):
        return changed(key, step=f"{key.step}-{os.getpid()}")


@breaks("test_keys_make_different_operations", "test_the_next_generation_tries_again")
class IgnoresTheGeneration(Naming):
    def change_key(self, act, key):
        return changed(key, generation=1)


@breaks("test_a_key_is_not_used_for_other_content")
class NamesByKeyAndContent(Naming):
    def change_key(self, act, key):
        return changed(key, step=f"{key.step}-{act.payload!r}")


@breaks("test_another_process_reads_a_reference")
class RemembersReferencesItself(MemoryBackend):
    def __init__(self, settings, context):
        super().__init__(settings, context)
        self.started: set[OperationRef] = set()

    def start(self, act, key):
        ref = super().start(act, key)
        self.started.add(ref)
        return ref

    def get_operations(self, refs):
        return super().get_operations([ref for ref in refs if ref in self.started])


@breaks("test_a_failure_is_told")
class BeginsAnewUnderTheSameKey(MemoryBackend):
    def start(self, act, key):
        for name, operation in self.world.operations(self.cluster).items():
            if operation.key == key.digest and operation.word == Word.BROKEN:
                self.world.remove_operation(self.cluster, name)
        return super().start(act, key)


def seeing(word_or_phase, phase):
    class Seeing(MemoryBackend):
        def get_operations(self, refs):
            found = super().get_operations(refs)
            return {
                ref: changed(operation, phase=phase)
                if operation.phase is word_or_phase
                else operation
                for ref, operation in found.items()
            }

    return Seeing


BROKEN["test_an_unknown_state_is_unknown"] = seeing(Phase.UNKNOWN, Phase.SUCCEEDED)
BROKEN["test_an_operation_under_way_has_not_ended"] = seeing(Phase.RUNNING, Phase.SUCCEEDED)


@breaks("test_many_operations_take_few_requests")
class AsksAfterEachByItself(MemoryBackend):
    def get_operations(self, refs):
        return {ref: super(type(self), self).get_operations([ref])[ref] for ref in refs}


@breaks("test_vanished_operations_are_left_out")
class MissesWhatHasVanished(MemoryBackend):
    def get_operations(self, refs):
        found = super().get_operations(refs)
        if len(found) < len(refs):
            raise OperationNotFound("one of them is not there")
        return found


@breaks("test_asking_after_operations_changes_nothing")
class LeavesATraceWhenAsking(Changing):
    def get_operations(self, refs):
        self.leave_a_trace()
        return super().get_operations(refs)


@breaks("test_cancel_is_what_describe_says")
class CannotCancelAfterAll(MemoryBackend):
    def cancel_operation(self, ref):
        raise Unsupported("no")


@breaks("test_what_waits_is_taken_back_as_described")
class LetsWhatWaitsBegin(MemoryBackend):
    def cancel_operation(self, ref): ...


@breaks("test_an_explanation_keeps_the_tools_words")
class FindsItsOwnWords(MemoryBackend):
    def explain_operation(self, ref):
        return changed(super().explain_operation(ref), errors=("something went wrong",))


@breaks("test_a_reference_to_nothing_is_not_found")
class ExplainsNothing(MemoryBackend):
    def explain_operation(self, ref):
        return Explanation()


@breaks("test_a_warning_is_no_loss")
class TakesAWarningForALoss(MemoryBackend):
    def get_recovery_point(self, point):
        read = super().get_recovery_point(point)
        return changed(read, phase=Phase.PARTIAL if read.findings else read.phase)


# Performed acts


class Performing(ArchiveBackend):
    def perform(self, act, key, report):
        return super().perform(act, self.change_key(key), report)


@breaks(
    "test_performing_twice_leaves_one",
    "test_performing_after_a_lost_answer_leaves_one",
)
class PerformsUnderNamesByChance(Performing):
    def change_key(self, key):
        return changed(key, step=f"{key.step}-{uuid.uuid4()}")


@breaks("test_two_performers_leave_one")
class PerformsUnderNamesByProcess(Performing):
    def change_key(self, key):
        return changed(key, step=f"{key.step}-{os.getpid()}")


class Deaf:
    stopping = False

    def progress(self, progress):
        pass


@breaks("test_a_performer_stops_when_asked")
class NeverStops(ArchiveBackend):
    def perform(self, act, key, report):
        return super().perform(act, key, Deaf())


@breaks("test_a_killed_performer_leaves_its_spool_only")
class WorksInTheTemporaryFolder(ArchiveBackend):
    def __init__(self, settings, context):
        super().__init__(settings, context)
        self.spool = Path(tempfile.gettempdir())


@breaks("test_a_killed_performer_can_be_replaced")
class CountsBeforeItIsDone(ArchiveBackend):
    def perform(self, act: Act, key, report):
        super().perform(act, changed(key, step=f"{key.step}-half"), Deaf())
        return super().perform(act, key, report)


@breaks("test_results_are_plain_json")
class ReturnsATuple(ArchiveBackend):
    def perform(self, act, key, report):
        return {**super().perform(act, key, report), "parts": ("a", "b")}


# Conduct


@breaks("test_describe_names_the_tool")
class DescribesSomethingElse(MemoryBackend):
    def describe(self):
        return changed(super().describe(), tool="memorial")


BROKEN["test_describe_agrees_with_the_workload"] = declaring(Capability.OBJECTS, Level.UNSUPPORTED)
BROKEN["test_off_cluster_is_what_describe_says"] = declaring(
    Capability.OFF_CLUSTER, Level.UNSUPPORTED
)


@breaks("test_a_silent_tool_claims_nothing")
class ClaimsWithoutAsking(MemoryBackend):
    def describe(self):
        self.tool.read_version = lambda: "1.0"
        return super().describe()


@breaks("test_a_healthy_tool_has_no_error")
class AlwaysFindsFault(MemoryBackend):
    def check(self):
        return [self.finding("unwell", self.name, "it has been better")]


@breaks("test_check_returns_when_nothing_answers", "test_check_returns_when_rights_are_missing")
class RaisesFromCheck(MemoryBackend):
    def check(self):
        self.stores()
        return []


class Raising(MemoryBackend):
    """Raises other errors than it should: those that the subclass makes of the right ones."""

    @contextmanager
    def translated(self, missing=OperationNotFound):
        try:
            with super().translated(missing):
                yield
        except Exception as error:
            raise self.change_error(error) from error.__cause__


@breaks("test_throttling_tells_how_long")
class ForgetsHowLongToWait(Raising):
    def change_error(self, error):
        return Throttled(str(error), retry_after=0.0) if isinstance(error, Throttled) else error


@breaks("test_missing_rights_are_named")
class NamesNoRight(Raising):
    def change_error(self, error):
        return PermissionDenied("no") if isinstance(error, PermissionDenied) else error


@breaks("test_silence_is_transient")
class GivesUpAtSilence(Raising):
    def change_error(self, error):
        return Unsupported(str(error)) if isinstance(error, BackendUnavailable) else error


@breaks("test_errors_name_tool_and_cluster")
class RaisesAnonymously(Raising):
    def change_error(self, error):
        error.cluster = ""
        return error


@breaks("test_our_stamp_is_on_what_we_make")
class LosesTheStamp(Changing):
    def change_point(self, point):
        return changed(point, stamp=None, origin="")


@breaks("test_a_stamp_can_be_written_later")
class StampsOver(MemoryBackend):
    def stamp(self, point, values):
        stamp = Stamp.model_validate({"cluster": "", "cluster_uid": "", **values})
        self.tool.stamp_point(point.store, point.name, stamp)


@breaks("test_stores_hold_the_points")
class ListsNoStores(MemoryBackend):
    def list_stores(self):
        return []


@breaks("test_a_store_that_is_missing_elsewhere_is_explained")
class ExplainsNoWayOut(MemoryBackend):
    def explain_missing_store(self, store):
        return changed(super().explain_missing_store(store), way_out="")


@breaks("test_roles_that_look_change_nothing")
class LeavesATraceWhenLookingForStores(Changing):
    def list_stores(self):
        self.leave_a_trace()
        return super().list_stores()


@breaks("test_secrets_show_up_nowhere")
class ShowsItsToken(MemoryBackend):
    def __repr__(self):
        return f"MemoryBackend(token={self.tool._token()!r})"


@breaks("test_closing_twice_is_fine")
class ClosesOnce(MemoryBackend):
    closed = False

    def close(self):
        if self.closed:
            raise BackendUnavailable("closed already")
        self.closed = True
