"""Every error of ours, as one tree.

    DaoyiError                     anything we raise on purpose; its text is one sentence for a person
    ├── SettingsError              config.toml or the environment is wrong: names file and key
    ├── StartError                 the process cannot start here: locked folder, newer schema
    ├── BadInput                   a caller sent something we refuse; carries the HTTP status
    │   └── NotSigned              no valid token, signature or session
    ├── StoreError                 the database refused or is gone; nothing was acknowledged
    │   └── StoreBusy              the writer's queue is full: try again shortly
    ├── SealedError                an encrypted value cannot be opened: another key, or changed
    ├── WordingError               a reply template is missing or cannot be rendered
    └── SendError                  a channel did not take a message; says what may be done next
        ├── Refused                for good, this message
        ├── TryLater               certainly not taken, perhaps later
        │   ├── NeedsOperator      the account is not right: credentials, permission, balance
        │   └── ChatMoved          this chat has another address now
        ├── WaitForUser            the platform takes nothing until the patient writes again
        ├── Unreachable            this address takes nothing any more
        └── Unknown                may have been taken

Errors carry their own policy, so the code that handles them needs no channel names.
"""

from typing import ClassVar


class DaoyiError(Exception):
    """Anything this application raises on purpose; the text is one sentence for a person."""


class SettingsError(DaoyiError):
    """A setting is missing or wrong. The sentence names the file, the key and what is expected."""


class StartError(DaoyiError):
    """The process cannot start here; the sentence says why and what to do."""


class BadInput(DaoyiError):
    """A caller sent something we refuse.

    Args:
        sentence: what is wrong and what is expected; never repeats the input.
        status: the HTTP status that says so.
        retry_after: seconds after which the same request may succeed, for 429.
    """

    def __init__(self, sentence: str, status: int = 422, *, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after = retry_after


class NotSigned(BadInput):
    """No valid token, signature or session came with the request (401 or 403)."""

    def __init__(self, sentence: str, status: int = 401) -> None:
        super().__init__(sentence, status)


class StoreError(DaoyiError):
    """The database refused or is gone. Nothing of this operation was stored."""


class StoreBusy(StoreError):
    """The writer's queue is full; nothing was stored. Try again shortly."""


class SealedError(DaoyiError):
    """An encrypted value cannot be opened: its key is not there, or somebody changed it."""


class WordingError(DaoyiError):
    """A reply template is missing, or refers to something that does not exist."""


class SendError(DaoyiError):
    """A channel did not take a message.

    Attributes:
        retryable: the platform certainly did not take it, and may take it later.
        uncertain: the platform may have taken it (timed out after sending): never resent blindly.
        unreachable: this address cannot be reached any more.
        waits: nothing can be sent here until the patient writes again.
        code: a short word for the record, without anything of the message.
    """

    retryable: ClassVar[bool] = False
    uncertain: ClassVar[bool] = False
    unreachable: ClassVar[bool] = False
    waits: ClassVar[bool] = False

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Refused(SendError):
    """The platform refused this message for good."""


class TryLater(SendError):
    """The platform certainly did not take it and may take it later.

    Args:
        code: a short word for the record.
        after: seconds to wait, where the platform said so.
        whole_account: the wait is for every message of the account, not for this address alone.
    """

    retryable = True

    def __init__(
        self, code: str, after: float | None = None, *, whole_account: bool = False
    ) -> None:
        super().__init__(code)
        self.after = after
        self.whole_account = whole_account


class NeedsOperator(TryLater):
    """The account is not right: credentials, permission, address list, balance. Tried again later."""


class ChatMoved(TryLater):
    """A chat has another address now; the message was not taken.

    Args:
        user: the new address.
    """

    def __init__(self, user: str) -> None:
        super().__init__("moved", 0.0)
        self.user = user


class WaitForUser(SendError):
    """The platform takes nothing for this address until the patient writes again."""

    waits = True


class Unknown(SendError):
    """The answer was lost after sending: the patient may have it already."""

    uncertain = True


class Unreachable(SendError):
    """Blocked, unsubscribed or gone: this address takes nothing any more."""

    unreachable = True
