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


class VodnbError(Exception):
    """Root of everything that vodnb raises on purpose; the classes below say when.

    What to do: read `do`, which says it for the case at hand. Catch this class to tell what vodnb
    refuses from a fault in the code around it.

    Args:
        what: What happened, with the value that caused it.
        means: What that means for the reader. Default "": nothing to add.
        do: What to do now. Default "": nothing to add.

    Example:
        >>> try:
        ...     vodnb.load_assets("no_such.csv")
        ... except vodnb.VodnbError as error:
        ...     told = f"{error.what} {error.do}"
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
    """Settings, credentials or an extra are missing or wrong; nothing was sent.

    Raised by `connect`, and before the first call that changes anything, where the host is not
    reached. What to do: set or correct what the message names; `vod.settings()` shows where each
    value came from, and `vodnb.doctor()` checks all that a call needs.
    """


class InputError(VodnbError, ValueError):
    """The table or an argument cannot be used; nothing was sent.

    It is a ValueError too. What to do: correct the argument, or the table where it came from; a bad
    row alone raises nothing, it gets a verdict.
    """


class ServiceError(VodnbError):
    """The service answered with an error code, and the run cannot go on, or it was one call.

    What to do: `vodnb.explain(error.code)` says what the code means and who must act; quote
    `request_id` to support.

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
    """The credential was refused, has expired, or may not do this.

    Raised before the first confirm call; a token that dies later stops the run, and its table says
    so. What to do: `vod.sign_in(...)` with a fresh credential and run the same cell again, or ask
    the administrator for the permission that the message names.
    """


class RowError(ServiceError):
    """The service refused this one asset.

    In a run this is the outcome of a row, and is not raised. What to do: see what the code says,
    and correct the ID or upload the file again.
    """


class BusyError(ServiceError):
    """The service throttles us or is not well; the same call may work later.

    A run slows down, waits and repeats by itself; it is raised where that did not help before the
    first confirm call. What to do: wait some minutes and run the same cell again.
    """


class AccountError(ServiceError):
    """The account itself is the obstacle: arrears, frozen, not verified.

    No other call will fare better. What to do: the account's administrator settles it in the
    console; then run the same cell again.
    """


class NoAnswerError(VodnbError):
    """Nothing trustworthy came back; a request that left may have had its effect.

    What to do: do not take it for a refusal. Run the same cell again, which asks for the state of
    what is in doubt before anything is sent; check the network with `vodnb.doctor()`.
    """


class JournalError(VodnbError):
    """The journal cannot be written or read, so nothing is sent.

    Or somebody else works on the run. What to do: free some space, name another folder with
    `journal=`, or wait for the other; `vodnb.salvage(path)` saves what a damaged one still holds.
    """


class UnsettledError(VodnbError):
    """Some rows of a finished table are not settled.

    Raised by `vodnb.require_settled` alone, to stop a notebook on a schedule. What to do:
    `vodnb.summary(results)` says what is open and who must act; `vodnb.to_retry(results)` gives
    what is worth another run.
    """
