"""Who calls, and what they may do: rights per token, answered as RBAC answers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from slackwater.testing.kubernetes_api.requests import Call
from slackwater.testing.kubernetes_api.status import (
    ApiError,
    Object,
    forbidden,
    unauthorized,
)

ADMIN = "kubernetes-admin"


@dataclass(frozen=True, slots=True)
class Rule:
    """What is allowed: a PolicyRule and where it holds. "*" stands for all.

    `names` empty: every object. `namespace` None: the whole cluster, as a ClusterRoleBinding gives
    it; otherwise that namespace only, as a RoleBinding does.
    """

    verbs: Collection[str]
    resources: Collection[str]
    groups: Collection[str] = ("",)
    names: Collection[str] = ()
    namespace: str | None = None

    def allows(self, call: Call) -> bool:
        """Whether a request to a resource is among what this rule grants."""
        return (
            self.namespace in {None, call.namespace}
            and _among(call.verb, self.verbs)
            and _among(call.group, self.groups)
            and _among(call.resource_words, self.resources)
            and (not self.names or call.name in self.names)
        )

    def described(self) -> Object:
        """Return the rule as a SelfSubjectRulesReview lists it."""
        rule = {"verbs": self.verbs, "apiGroups": self.groups, "resources": self.resources}
        named = {"resourceNames": self.names} if self.names else {}
        return {word: list(values) for word, values in (rule | named).items()}


EVERYTHING = Rule(verbs=("*",), resources=("*",), groups=("*",))


@dataclass(frozen=True, slots=True)
class User:
    """A caller: the name that the server gives it, and its rights."""

    name: str
    rules: tuple[Rule, ...] = (EVERYTHING,)

    def may(self, call: Call) -> bool:
        """Whether any rule allows a request."""
        return any(rule.allows(call) for rule in self.rules)


@dataclass(slots=True)
class Access:
    """The tokens that are known. With `token_required`, a caller without one is refused."""

    token_required: bool = False
    _users: dict[str, User] = field(default_factory=dict, repr=False)

    def grant(self, token: str, user: User) -> None:
        """Let a token stand for a user, from now on."""
        self._users[token] = user

    def revoke(self, token: str) -> None:
        """Refuse a token from now on, as if it had expired."""
        self._users.pop(token, None)

    def caller(self, authorization: str) -> User:
        """Return who sent an Authorization header, or raise the 401."""
        scheme, _, token = authorization.partition(" ")
        if not authorization and not self.token_required:
            return User(ADMIN)
        if scheme.lower() != "bearer" or token not in self._users:
            raise unauthorized()
        return self._users[token]


def denied(user: User, call: Call) -> ApiError:
    """Return the 403 with the sentence of RBAC."""
    where = f'in the namespace "{call.namespace}"' if call.namespace else "at the cluster scope"
    why = (
        f'User "{user.name}" cannot {call.verb} resource "{call.resource_words}" '
        f'in API group "{call.group}" {where}'
    )
    return forbidden(call, call.name, why)


def access_review(user: User, review: Object) -> Object:
    """Answer a SelfSubjectAccessReview: the review, with its status."""
    asked = (review.get("spec") or {}).get("resourceAttributes") or {}
    call = Call(
        verb=asked.get("verb", ""),
        path="",
        group=asked.get("group", ""),
        plural=asked.get("resource", ""),
        namespace=asked.get("namespace", ""),
        name=asked.get("name", ""),
        subresource=asked.get("subresource", ""),
    )
    return review | {"status": {"allowed": user.may(call)}}


def rules_review(user: User, review: Object) -> Object:
    """Answer a SelfSubjectRulesReview: what the caller may do in one namespace."""
    namespace = (review.get("spec") or {}).get("namespace", "")
    rules = [rule.described() for rule in user.rules if rule.namespace in {None, namespace}]
    status = {"resourceRules": rules, "nonResourceRules": [], "incomplete": False}
    return review | {"status": status}


def _among(word: str, allowed: Collection[str]) -> bool:
    return "*" in allowed or word in allowed


REVIEWS = {"selfsubjectaccessreviews": access_review, "selfsubjectrulesreviews": rules_review}
REVIEW_KINDS = {
    "selfsubjectaccessreviews": "SelfSubjectAccessReview",
    "selfsubjectrulesreviews": "SelfSubjectRulesReview",
}
REVIEW_GROUP = "authorization.k8s.io"
