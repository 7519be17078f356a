"""One recorded request and its answer, redacted, and explained. It holds no secret in any form.

The texts in it were redacted where the bytes left (`service.recording`); nothing here opens a
secret.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vodnb.rules.errors import InputError
from vodnb.rules.words.markup import Displayable, Markup
from vodnb.service.redact import MASK

from . import picture, sdk_snippet, snippets
from .causes import Diagnosis, diagnose
from .difference import Difference, differences
from .keeping import as_text, from_text, read_text, write_text
from .recorded import Place, RecordedCall, read_query

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from pathlib import Path

    from vodnb.rules.model import Lang


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Exchange(RecordedCall, Displayable):
    """A recorded call, and what can be made of it.

    Attributes:
        again: Makes the same call once more; None where there is no connection.
    """

    again: Callable[..., Exchange] | None = field(default=None, compare=False)

    @property
    def diagnosis(self) -> Diagnosis | None:
        """Why a call was not let in, or did not come through; None where that is not the matter."""
        return diagnose(self)

    def fields(self) -> dict[str, object]:
        """Return the fields of the request, as `vod.call` takes them; of a token call, none.

        Raises:
            InputError: What looked like a secret was masked in it, so it cannot be made again.

        Example:
            >>> vod.call(exchange.operation, **exchange.fields())
        """
        if self.operation == "token":
            return {}
        last = self.last
        if MASK in last.request_body or MASK in last.url:
            raise InputError(
                "What looked like a secret was masked in this exchange.",
                "So its request is not known as it was, and cannot be made again.",
                f"Write vod.call({self.operation!r}, ...) with the fields themselves.",
            )
        return {**read_query(self), **json.loads(last.request_body or "{}")}

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

    def _as_html(self) -> Markup:
        return picture.as_html(self)

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
