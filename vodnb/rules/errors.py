"""The errors that vodnb raises. Pure: no import beyond the standard library.

They are grouped by what the reader can do, not by HTTP status::

    VodnbError
      SetupError        before any request: settings, credentials, a missing extra
      InputError        the table or an argument is wrong; every bad cell is listed
      ServiceError      the service answered with a code (.code .http_status .request_id)
        SignInError     the credential was refused, or may not do this
        RowError        this one asset was refused
        BusyError       throttled, or the service is not well
        AccountError    the account itself: arrears, frozen, not verified
      NoAnswerError     nothing trustworthy came back; the request may have had its effect
      JournalError      we cannot record, so we do not send
      UnsettledError    a finished table still has rows that are not settled

A row that fails is an outcome in the results table, never an exception.
"""

from __future__ import annotations

__all__ = [
    "AccountError",
    "BusyError",
    "InputError",
    "JournalError",
    "NoAnswerError",
    "RowError",
    "ServiceError",
    "SetupError",
    "SignInError",
    "UnsettledError",
    "VodnbError",
]


class VodnbError(Exception):
    """Root of everything that vodnb raises on purpose.

    Args:
        what: What happened, with the value that caused it.
        means: What that means for the reader. Default "": nothing to add.
        do: What to do now. Default "": nothing to add.
    """

    def __init__(self, what: str, means: str = "", do: str = "") -> None:
        # Pickle and copy call the class with `args`, then restore the attributes.
        super().__init__(what, means, do)
        self.what = what
        self.means = means
        self.do = do

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.means, self.do) if part)


class SetupError(VodnbError):
    """Settings, credentials or an extra are missing or wrong; nothing was sent."""


class InputError(VodnbError, ValueError):
    """The table or an argument cannot be used; nothing was sent."""


class ServiceError(VodnbError):
    """The service answered with an error code.

    Args:
        what: What happened, with the value that caused it.
        means: What that means for the reader.
        do: What to do now.
        code: The service's `error_code`, or one of ours (`CLIENT.*`).
        http_status: HTTP status of the answer; 0 where there was none.
        request_id: The service's `X-Request-Id`, to quote to support; "" for none.
    """

    def __init__(
        self,
        what: str,
        means: str = "",
        do: str = "",
        *,
        code: str = "",
        http_status: int = 0,
        request_id: str = "",
    ) -> None:
        super().__init__(what, means, do)
        self.code = code
        self.http_status = http_status
        self.request_id = request_id


class SignInError(ServiceError):
    """The credential was refused, has expired, or may not do this."""


class RowError(ServiceError):
    """The service refused this one asset."""


class BusyError(ServiceError):
    """The service throttles us or is not well; the same call may work later."""


class AccountError(ServiceError):
    """The account itself is the obstacle: arrears, frozen, not verified."""


class NoAnswerError(VodnbError):
    """Nothing trustworthy came back; a request that left may have had its effect."""


class JournalError(VodnbError):
    """The journal cannot be written or read, so nothing is sent."""


class UnsettledError(VodnbError):
    """Some rows of a finished table are not settled."""
