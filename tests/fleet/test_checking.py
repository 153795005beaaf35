from __future__ import annotations

import pytest
from pyrage.x25519 import Identity

from slackwater.fleet import check_fleet
from slackwater.model.finding import Severity

HEAD = """\
version: 1
clusters:
  eu: {context: eu, labels: {env: prod}, backends: {velero: {}}}
policies:
  gold:
    protect: [{namespaces: [shop]}]
"""


@pytest.fixture
def findings(load):
    def check(rest: str, head: str = HEAD):
        rest = rest if "clusters:" in rest else f"    clusters: env=prod\n{rest}"
        return [(f.severity, f.code, f.subject) for f in check_fleet(load(head + rest))]

    return check


def test_a_file_that_holds_has_no_findings(findings):
    rest = '    schedule: {cron: "0 */2 * * *", jitter: 5m}\n    objectives: {rpo: 4h}\n'

    assert findings(rest) == []


@pytest.mark.parametrize(
    ("cron", "jitter", "rpo", "holds"),
    [
        ("0 */4 * * *", "0s", "4h", True),
        ("0 */4 * * *", "1m", "4h", False),
        ("0 3 * * *", "0s", "4h", False),
        ("0 9-17 * * *", "0s", "15h", False),
        ("0 9-17 * * *", "0s", "16h", True),
        ("0 9 * * 1-5", "0s", "71h", False),
        ("0 9 * * 1-5", "0s", "72h", True),
        ("0 0 1 * *", "0s", "30d", False),
        ("0 0 1 * *", "0s", "31d", True),
    ],
)
def test_a_schedule_that_cannot_meet_its_rpo_is_an_error(findings, cron, jitter, rpo, holds):
    rest = f'    schedule: {{cron: "{cron}", jitter: {jitter}}}\n    objectives: {{rpo: {rpo}}}\n'
    error = (Severity.ERROR, "rpo-out-of-reach", "policies.gold.schedule")

    assert findings(rest) == ([] if holds else [error])


def test_the_window_counts_for_the_rpo(findings):
    rest = '    schedule: {cron: "0 * * * *", window: "22:00-06:00"}\n    objectives: {rpo: 4h}\n'

    assert [code for _, code, _ in findings(rest)] == ["rpo-out-of-reach"]


def test_a_window_without_a_due_time_is_an_error(findings):
    rest = '    schedule: {cron: "0 12 * * *", window: "22:00-06:00"}\n'

    assert findings(rest) == [(Severity.ERROR, "never-due", "policies.gold.schedule.window")]


def test_an_rpo_without_a_schedule_is_a_warning(findings):
    assert findings("    objectives: {rpo: 4h}\n") == [
        (Severity.WARNING, "rpo-without-schedule", "policies.gold.objectives.rpo")
    ]


def test_a_selector_that_matches_no_cluster_is_a_warning(findings):
    assert findings("    clusters: env=test\n") == [
        (Severity.WARNING, "selects-no-cluster", "policies.gold.clusters")
    ]


def test_a_policy_over_clusters_without_tools_is_an_error(findings):
    assert findings("", HEAD.replace("{velero: {}}", "{}")) == [
        (Severity.WARNING, "no-tool", "clusters.eu.backends"),
        (Severity.ERROR, "no-eligible-tool", "policies.gold"),
    ]


def test_a_preferred_tool_that_is_nowhere_is_a_warning(findings):
    assert findings("    prefer: [kasten, velero]\n") == [
        (Severity.WARNING, "preferred-tool-absent", "policies.gold.prefer")
    ]


def test_a_kubeconfig_that_is_not_there_is_an_error(findings):
    head = HEAD.replace("context: eu", 'kubeconfig: "file:not-there"')

    assert findings("", head) == [(Severity.ERROR, "kubeconfig-missing", "clusters.eu.kubeconfig")]


def test_a_kubeconfig_is_looked_for_beside_the_file(findings, tmp_path):
    (tmp_path / "eu.kubeconfig").touch()

    assert findings("", HEAD.replace("context: eu", 'kubeconfig: "file:eu.kubeconfig"')) == []


def test_secrets_that_are_not_here_are_warnings(load, example, monkeypatch):
    monkeypatch.setenv("DR_S3_KEY", "x")
    monkeypatch.delenv("DR_S3_SECRET", raising=False)
    subjects = [f.subject for f in check_fleet(load(example)) if f.code == "secret-missing"]

    assert subjects == ["stores.vault.secret_key", "stores.vault.decrypt_with"]


def test_one_cluster_under_two_names_is_a_warning(findings):
    head = HEAD.replace("  eu: {", "  eu2: {context: eu, backends: {velero: {}}}\n  eu: {")

    assert findings("", head) == [
        (Severity.WARNING, "same-cluster-twice", "clusters.eu2, clusters.eu")
    ]


def test_a_bare_word_for_a_namespace_is_a_warning(findings):
    head = HEAD.replace("namespaces: [shop]", "namespaces: shop")

    assert findings("", head) == [
        (Severity.WARNING, "selects-by-label", "policies.gold.protect[0].namespaces")
    ]


def test_every_finding_has_a_way_out(load):
    text = HEAD.replace("{velero: {}}", "{}") + "    clusters: env=test\n"

    assert all(finding.way_out for finding in check_fleet(load(text)))


STORE = """\
version: 1
stores:
  vault: {{url: "s3://dr/prod", encrypt_to: [{recipient}], decrypt_with: "file:{identity}"{more}}}
clusters:
  eu: {{context: eu, backends: {{velero: {{}}}}}}
"""


@pytest.fixture
def store_findings(load, tmp_path):
    own = Identity.generate()
    (tmp_path / "dr.key").write_text(f"# made for the test\n{own}\n")

    def check(*, recipient="", identity="dr.key", more=""):
        recipient = recipient or str(own.to_public())
        text = STORE.format(recipient=recipient, identity=identity, more=more)
        return check_fleet(load(text))

    return check


def test_a_store_whose_keys_fit_has_no_findings(store_findings):
    assert store_findings() == []


def test_recipients_that_belong_to_no_identity_at_hand_are_an_error(store_findings):
    (finding,) = store_findings(recipient=str(Identity.generate().to_public()))
    assert (finding.severity, finding.code) == (Severity.ERROR, "recipient-unmatched")
    assert finding.subject == "stores.vault.encrypt_to"
    assert "file:dr.key" in finding.message


def test_a_recipient_that_is_no_key_is_an_error(store_findings):
    (finding,) = store_findings(recipient="age1notakey")
    assert (finding.severity, finding.code) == (Severity.ERROR, "store-key-unusable")
    assert "stores.vault.encrypt_to[0]" in finding.message


def test_an_identity_that_is_none_is_an_error_and_not_repeated(store_findings, tmp_path):
    (tmp_path / "bad.key").write_text("AGE-SECRET-KEY-1CANARY\n")
    (finding,) = store_findings(identity="bad.key")
    assert (finding.severity, finding.code) == (Severity.ERROR, "store-key-unusable")
    assert "CANARY" not in str(finding)


def test_an_identity_that_is_not_here_is_only_a_warning(store_findings):
    assert [f.code for f in store_findings(identity="elsewhere.key")] == ["secret-missing"]


def test_an_endpoint_without_tls_is_a_warning(store_findings):
    (finding,) = store_findings(more=', endpoint: "http://s3.example.org"')
    assert (finding.severity, finding.code) == (Severity.WARNING, "store-plain-http")
