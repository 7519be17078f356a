"""What a sandbox does on request: switches for what no page says, and faults. Answers nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from vodnb.rules.errors import InputError
from vodnb.rules.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from threading import RLock

    from .assets import Processing

_NOT_FOUND = (403, 400, 404)
_DAY = 86_400.0


def _published_quotas() -> Mapping[str, int]:
    quotas = (call.quota for call in OPERATIONS.values())
    return {quota.name: quota.per_minute for quota in quotas if quota}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The switches of a sandbox; most stand for something that the documents leave open.

    Attributes:
        second_confirm: What a second CREATED comes to: "refuse" is VOD.10126 (default, as the text
            of that code says), "accept" is a 200 without effect.
        not_found_status: HTTP status of VOD.10062; the editions say 403 (default), 400 and 404.
        retry_after: Text of a `Retry-After` header on every 429; None (default) sends none.
        state_lag: How many seconds the queries go on showing the old state. Default 0.
        token_life: How long a token lives, in seconds. Default: 24 hours, as documented.
        latency: How long every answer takes at least, in seconds. Default 0.
        quota: Calls a minute by name of the quota (default: as published); None lifts them all.
        processing: What follows a confirmation, as (seconds after it, state). Default: nothing,
            the asset stays CREATED.

    Raises:
        InputError: For a value that no switch has.
    """

    second_confirm: Literal["refuse", "accept"] = "refuse"
    not_found_status: Literal[403, 400, 404] = 403
    retry_after: str | None = None
    state_lag: float = 0.0
    token_life: float = _DAY
    latency: float = 0.0
    quota: Mapping[str, int] | None = field(default_factory=_published_quotas)
    processing: Processing = ()

    def __post_init__(self) -> None:
        if self.second_confirm not in ("refuse", "accept"):
            raise InputError(
                f"second_confirm={self.second_confirm!r} is not a behaviour of the sandbox.",
                do='Use "refuse" or "accept".',
            )
        if self.not_found_status not in _NOT_FOUND:
            raise InputError(
                f"not_found_status={self.not_found_status!r} is in no edition of the documents.",
                do="Use 403, 400 or 404.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedFault:
    """One planned trouble; what its parts mean, `Sandbox.fault` says."""

    operation: str | None = "confirm"
    asset_id: str | None = None
    code: str = ""
    http_status: int | None = None
    body: str | bytes | Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drop: bool = False
    times: int = 1
    skip: int = 0
    effect: bool = False

    def __post_init__(self) -> None:
        if self.operation is not None and self.operation not in OPERATIONS:
            raise InputError(
                f"operation={self.operation!r} is no call that the sandbox serves.",
                do=f"Use one of {', '.join(OPERATIONS)}, or None for every call.",
            )
        if self.times < 1 or self.skip < 0 or self.delay < 0:
            raise InputError(
                f"times={self.times}, skip={self.skip}, delay={self.delay} plan no fault.",
                do="Give times of at least 1, and skip and delay of at least 0.",
            )

    @property
    def answers(self) -> bool:
        """Whether it takes the place of the true answer (else it only delays or adds headers)."""
        return bool(self.code) or self.http_status is not None or self.body is not None or self.drop

    def matches(self, operation: str, asset_ids: Collection[str]) -> bool:
        """Whether it is about this call."""
        if self.operation is not None and self.operation != operation:
            return False
        return self.asset_id is None or self.asset_id in asset_ids


class FaultPlan:
    """The faults that are still to come, in the order in which they were asked for."""

    def __init__(self, *, lock: RLock) -> None:
        self._lock = lock
        self._planned: list[InjectedFault] = []

    def add(self, fault: InjectedFault) -> None:
        """Plan one more fault."""
        with self._lock:
            self._planned.append(fault)

    def clear(self) -> None:
        """Forget every planned fault."""
        with self._lock:
            self._planned.clear()

    def take(self, operation: str, asset_ids: Collection[str]) -> InjectedFault | None:
        """Return the fault that befalls this call and use it up once, or None.

        The first planned fault that matches counts the call, be it to skip it or to befall it.
        """
        if not self._planned:
            return None
        with self._lock:
            for place, fault in enumerate(self._planned):
                if not fault.matches(operation, asset_ids):
                    continue
                if fault.skip:
                    self._planned[place] = replace(fault, skip=fault.skip - 1)
                    return None
                if fault.times > 1:
                    self._planned[place] = replace(fault, times=fault.times - 1)
                else:
                    del self._planned[place]
                return fault
        return None
