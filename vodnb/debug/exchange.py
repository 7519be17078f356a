"""One recorded request and its answer, redacted, and explained. It holds no secret in any form.

The texts in it were redacted where the bytes left (`service.seen`); nothing here opens a secret.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from vodnb.rules.codes import look_up
from vodnb.rules.errors import InputError
from vodnb.rules.operations import OPERATIONS

from . import picture, sdk_snippet, snippets
from .causes import Diagnosis, diagnose
from .difference import Difference, differences
from .fields import read_fields
from .keeping import as_text, from_text, read_text, write_text
from .place import Place

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from vodnb.rules.attempt import Attempt
    from vodnb.rules.model import Lang
    from vodnb.rules.operations import Operation

__all__ = ["Exchange", "load_exchange"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Exchange:
    """One call: what was sent, what came back, what it means.

    Attributes:
        operation: Our name for the call.
        attempts: Its sendings, the last one last: two where a token was renewed in between. Of a
            preview it is the one that would leave.
        place: Where it went.
        lang: Language of what it says.
        notes: What is to be said of it, each a key and its values.
        is_sent: Whether it left at all.
    """

    operation: str
    attempts: tuple[Attempt, ...]
    place: Place
    lang: Lang = "en"
    notes: tuple[tuple[str, Mapping[str, object]], ...] = ()
    is_sent: bool = True
    again: Callable[..., Exchange] | None = field(default=None, compare=False)

    @property
    def last(self) -> Attempt:
        """The last sending."""
        return self.attempts[-1]

    @property
    def declared(self) -> Operation:
        """The declaration of the call."""
        return OPERATIONS[self.operation]

    @property
    def ok(self) -> bool:
        """Whether the service did what was asked for."""
        return self.is_sent and not self.last.code and self.last.http_status is not None

    @property
    def code(self) -> str:
        """Error code, the service's or one of ours; "" for a success or a preview."""
        return self.last.code

    @property
    def message(self) -> str:
        """The service's words, or what happened instead of an answer."""
        return self.last.message

    @property
    def http_status(self) -> int | None:
        """HTTP status; None where no answer came."""
        return self.last.http_status

    @property
    def request_id(self) -> str:
        """The service's request ID, to quote to support; "" for none."""
        return self.last.request_id

    @property
    def body(self) -> str:
        """Body of the answer as text."""
        return self.last.body

    @property
    def meaning(self) -> str:
        """What the code means; "" for none."""
        return look_up(self.code, self.http_status).meaning(self.lang) if self.code else ""

    @property
    def next_step(self) -> str:
        """What to do about the code; "" for none."""
        return look_up(self.code, self.http_status).next_step(self.lang) if self.code else ""

    @property
    def diagnosis(self) -> Diagnosis | None:
        """Why a call was not let in, or did not come through; None where that is not the matter."""
        return diagnose(self)

    @property
    def doc_url(self) -> str:
        """The page of the call in the API reference."""
        return self.declared.doc_url

    @property
    def explorer_url(self) -> str:
        """The page of the call in the API Explorer."""
        return self.declared.explorer_url

    def fields(self) -> dict[str, object]:
        """Return the fields of the request, as `vod.call` takes them; of a token call, none.

        Raises:
            InputError: What looked like a secret was masked in it, so it cannot be made again.

        Example:
            >>> vod.call(exchange.operation, **exchange.fields())
        """
        return read_fields(self)

    def json(self) -> Any:
        """Return the answer's JSON; None where it is none.

        Example:
            >>> exchange.json()
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    # -- going on from it -----------------------------------------------------------------------

    def curl(self) -> str:
        """Return a bash script that makes the same call with curl; secrets are variables.

        With AK/SK it signs with openssl. Values are quoted: whatever they hold, bash runs none
        of it.

        Example:
            >>> Path("again.sh").write_text(exchange.curl())
        """
        return snippets.curl(self)

    def python(self) -> str:
        """Return a Python script that makes the call with httpx alone; secrets are variables.

        Example:
            >>> Path("again.py").write_text(exchange.python())
        """
        return snippets.python(self)

    def sdk(self) -> str:
        """Return a Python script that makes the same call with the official SDK.

        The SDK signs with AK/SK only, so it needs a key even where this call had a token.

        Example:
            >>> Path("again_sdk.py").write_text(exchange.sdk())
        """
        return sdk_snippet.sdk(self)

    def replay(self, *, destroy: int | None = None) -> Exchange:
        """Make the same call again, and return the new exchange.

        Args:
            destroy: 1, typed, where the status destroys uploaded parts.

        Raises:
            InputError: It has no connection, for it comes from a file, or `destroy` is missing.

        Example:
            >>> again = exchange.replay()
        """
        if self.again is None:
            raise InputError(
                "This exchange has no connection.",
                "It was loaded from a file, or built from a row of results.",
                "vod.replay(exchange) makes its call on the connection vod.",
            )
        return self.again(self, destroy=destroy)

    def diff(self, other: Exchange) -> Difference:
        """Return what differs between two exchanges, but for what differs each time.

        Raises:
            InputError: The other is no exchange.

        Example:
            >>> exchange.diff(exchange.replay())
        """
        if not isinstance(other, Exchange):
            raise InputError(
                f"An exchange is compared with an exchange, not with {type(other).__name__}.",
                do="vod.history() lists those of this session; vod.exchange(n) gives one.",
            )
        return differences(self, other)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write it as a JSON file, which `vodnb.load_exchange` reads; return its path.

        Raises:
            InputError: The file exists and `overwrite` is False, or it cannot be written.

        Example:
            >>> exchange.save("look.json", overwrite=True)
        """
        return write_text(path, as_text(self), overwrite=overwrite)

    def speak(self, lang: Lang) -> Exchange:
        """Return the same exchange, which speaks this language.

        Example:
            >>> exchange.speak("zh")
        """
        return replace(self, lang=lang)

    def __repr__(self) -> str:
        return picture.as_lines(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        del include, exclude
        return {"text/plain": repr(self), "text/html": picture.as_html(self)}

    def __reduce__(self) -> tuple[Callable[[str], Exchange], tuple[str]]:
        return _from_text, (as_text(self),)

    def __copy__(self) -> Exchange:
        return self

    def __deepcopy__(self, memo: object) -> Exchange:
        return self


def load_exchange(path: str | os.PathLike[str]) -> Exchange:
    """Load an exchange that `exchange.save` wrote.

    Args:
        path: The file.

    Raises:
        InputError: There is no such file, or it is no saved exchange.

    Example:
        >>> vodnb.load_exchange("refused.json")
    """
    return _from_text(read_text(path), str(path))


def _from_text(text: str, source: str = "the text") -> Exchange:
    parts = from_text(text, source)
    return Exchange(place=Place(**parts.pop("place")), **parts)
