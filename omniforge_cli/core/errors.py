"""Every error this package raises on purpose.

OmniforgeError
├── InputError              something a person wrote cannot be used; the message says where and how to mend it
│   ├── SettingsError       flags, environment, omniforge.toml
│   ├── TaxonomyError       taxonomy file, or a label that the taxonomy does not have
│   ├── PromptError         prompt version file, lock, or a template that cannot be rendered
│   ├── EvalSetError        eval set or training data file
│   ├── GateFileError       gates file or a gate's metric path
│   ├── WeightsError        weights of a `local` analyzer
│   ├── ConversationFileError   history, agents or interchange file
│   └── RunMismatch         a run that cannot be resumed or compared as asked
├── IntentAnalysisError     no decision came from the analyzer that was asked; has a `reason`
│   ├── ProviderError       the call failed; says whether another attempt may help
│   └── ReplyParseError     the call succeeded and its reply is no decision
├── NotFound                missing, or somebody else's: the same words for both
├── StorageError            the database file
│   ├── StorageLocked       another process holds it
│   ├── StorageKeyError     wrong or missing encryption key
│   └── SchemaTooNew        written by a newer omniforge
├── RecordingMissing        an offline run needs an answer that was not recorded
└── CostLimitReached        the next call could pass `--max-cost-usd`; the run can be resumed

Exceptions know nothing of exit codes: that table is in `cli/diagnostics.py`.
"""

from __future__ import annotations

from omniforge_cli.core.decision import FallbackReason, Usage


class OmniforgeError(Exception):
    """Root of the errors that this package raises on purpose; `str()` is one line for a person."""


class InputError(OmniforgeError):
    """Something a person wrote (flag, file, setting) cannot be used as it is."""


class SettingsError(InputError):
    """A flag, an environment variable or a configuration key is wrong."""


class TaxonomyError(InputError):
    """A taxonomy file is wrong, or a label is not in the taxonomy."""


class PromptError(InputError):
    """A prompt version is missing, changed after release, or cannot be rendered."""


class EvalSetError(InputError):
    """An eval set or training data file is wrong."""


class GateFileError(InputError):
    """A gates file or a gate's metric path is wrong."""


class WeightsError(InputError):
    """The weights of a `local` analyzer cannot be used."""


class ConversationFileError(InputError):
    """A history, agents or conversation interchange file is wrong."""


class RunMismatch(InputError):
    """A run cannot be resumed or compared as asked; the message names what differs."""


class IntentAnalysisError(OmniforgeError):
    """An analyzer gave no decision; `reason` says why, `usage` what was spent on trying.

    `attempts` is how many requests left for the provider; `injected` names the fault when it was made on purpose (`--inject`).
    """

    def __init__(self, message: str, *, reason: FallbackReason, usage: Usage | None = None, attempts: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.usage = usage
        self.attempts = attempts
        self.injected: str | None = None


class ProviderError(IntentAnalysisError):
    """The provider call failed. `retry_after_s` is the provider's own wish in seconds, when it gave one."""

    def __init__(
        self,
        message: str,
        *,
        reason: FallbackReason,
        retryable: bool = False,
        retry_after_s: float | None = None,
        usage: Usage | None = None,
        attempts: int = 1,
    ) -> None:
        super().__init__(message, reason=reason, usage=usage, attempts=attempts)
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class ReplyParseError(IntentAnalysisError):
    """A reply arrived and is empty, cut off, or no JSON object with a known `action_type`."""


class NotFound(OmniforgeError):
    """There is no such thing for this tenant: missing and not yours read the same."""


class StorageError(OmniforgeError):
    """The database file cannot be used."""


class StorageLocked(StorageError):
    """Another process holds the database file."""


class StorageKeyError(StorageError):
    """The database is encrypted and the key is wrong or missing (or the other way round)."""


class SchemaTooNew(StorageError):
    """The database was written by a newer omniforge; it was not touched."""


class RecordingMissing(OmniforgeError):
    """`--offline` was asked for and an answer is not among the recorded ones."""


class CostLimitReached(OmniforgeError):
    """The next call could cost more than what is left of `--max-cost-usd`; it was not made."""
