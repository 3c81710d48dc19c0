"""Masks secrets in text that leaves the store: logs, reports, exports. Pure, and linear in the text's length.

It knows the shapes of common keys and tokens, private keys, card numbers (by their check digit), credentials in addresses, and what follows
words such as "password:". It does not look for names, addresses or e-mail addresses.
"""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "[redacted]"

_PRIVATE_KEY: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]{1,60}-----|\Z)", re.DOTALL)
"""Without its end, the rest of the text is taken for the key: cut-off keys are masked too, and no search runs twice over the same text."""

_TOKEN: Final = re.compile(
    r"""(?<![A-Za-z0-9_-])(?:
        sk-[A-Za-z0-9_-]{16,}                                   # OpenAI, Anthropic, DeepSeek, OpenRouter
      | (?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,} | whsec_[A-Za-z0-9+/=]{16,}     # Stripe
      | gh[opusr]_[A-Za-z0-9]{20,} | github_pat_[A-Za-z0-9_]{20,} | glpat-[A-Za-z0-9_-]{16,}
      | (?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}                # Slack
      | (?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])     # AWS
      | AIza[A-Za-z0-9_-]{30,} | ya29\.[A-Za-z0-9_-]{20,} | GOCSPX-[A-Za-z0-9_-]{20,}           # Google
      | (?:hf|gsk|r8|npm|shpat|shpss|dop_v1|tgp_v1|lin_api|ntn)_[A-Za-z0-9]{20,}
      | (?:xai|pplx|nvapi|pypi|dckr_pat|figd)-[A-Za-z0-9_-]{20,}
      | SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}             # SendGrid
      | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{5,}                  # JSON Web Token
      | [0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])       # Telegram
    )""",
    re.VERBOSE,
)
_LONG_RUN: Final = re.compile(r"[A-Za-z0-9_.~+/=-]{11}")
"""Part of everything that the patterns for tokens, webhooks and authorizations fit, and of few sentences."""
_WEBHOOK: Final = re.compile(r"(hooks\.slack\.com/services/|discord(?:app)?\.com/api/webhooks/)[A-Za-z0-9_/-]{10,}")
_AUTHORIZATION: Final = re.compile(r"(?i)\b(bearer|basic)(\s{1,3})(?=[A-Za-z._~+/=-]{0,100}[0-9])[A-Za-z0-9._~+/=-]{16,}")
_IN_ADDRESS: Final = re.compile(r"(://[^\s/:@]{0,100}:)[^\s/@]{1,200}(?=@)")
_ASSIGNED: Final = r"[\"']?\s{0,3}(?::=|=>|[:=：＝])\s{0,3}[\"']?"
_VALUE: Final = r"[^\s\"',;{}<>]"
_PASSWORD_WORDS: Final = (
    *("password", "passwd", "pwd", "passphrase", "passcode", "contraseña", "mot de passe", "passwort", "kennwort", "senha", "wachtwoord"),
    *("пароль", "密码", "密碼", "パスワード", "비밀번호"),
)
_SECRET_WORDS: Final = ("key", "token", "secret")
"""One of these stands in every text that the pattern after it fits; looking for them first is ten times quicker."""
_PASSWORD: Final = re.compile(
    rf"(?i)((?:{'|'.join(_PASSWORD_WORDS)})"
    rf"(?:{_ASSIGNED}|\s{{1,3}}(?:is|es|est|ist|é)\s{{1,3}}(?={_VALUE}{{0,60}}[0-9!@#$%^&*_]))){_VALUE}{{3,}}"
)
_NAMED_SECRET: Final = re.compile(
    r"(?i)((?:api[_ -]?key|access[_ -]?key(?:[_ -]?id)?|secret[_ -]?(?:access[_ -]?)?key|private[_ -]?key|db[_ -]?key|account[_ -]?key"
    r"|(?:access|auth|refresh|id|bot|session|bearer)[_ -]?token|client[_ -]?secret|\btoken|\bsecret)"
    rf"(?:{_ASSIGNED}|\s{{1,3}}is\s{{1,3}})(?={_VALUE}{{0,60}}[0-9])){_VALUE}{{8,}}"
)
_PASSWORD_WORD: Final = re.compile("|".join(_PASSWORD_WORDS))
_MANY_DIGITS: Final = re.compile(r"[0-9](?:[ -]?[0-9]){12}")
_DIGITS: Final = re.compile(r"(?<![0-9.])[0-9](?:[ -]?[0-9]){12,}(?!\.?[0-9])")
_CARD_LENGTHS: Final = {"2": (16,), "3": (14, 15, 16), "4": (13, 16, 19), "5": (16, 18, 19), "6": (16, 17, 18, 19)}
"""Lengths of card numbers by first digit; a time in milliseconds begins with 1."""


def redact(text: str) -> str:
    """The text with every secret that is recognised replaced by `[redacted]`; the words that name it stay."""
    if "-----BEGIN" in text:
        text = _PRIVATE_KEY.sub(MASK, text)
    if _LONG_RUN.search(text):
        text = _TOKEN.sub(MASK, text)
        text = _WEBHOOK.sub(_keep_name, text)
        text = _AUTHORIZATION.sub(rf"\1\2{MASK}", text)
    if "://" in text:
        text = _IN_ADDRESS.sub(_keep_name, text)
    folded = text.casefold()
    if _PASSWORD_WORD.search(folded):
        text = _PASSWORD.sub(_keep_name, text)
    if any(map(folded.__contains__, _SECRET_WORDS)):
        text = _NAMED_SECRET.sub(_keep_name, text)
    return _DIGITS.sub(_without_cards, text) if _MANY_DIGITS.search(text) else text


def _keep_name(found: re.Match[str]) -> str:
    return found[1] + MASK


def _without_cards(found: re.Match[str]) -> str:
    """A run of digits with the card numbers in it masked. A number begins and ends where the run or a group of digits does."""
    run = found[0]
    groups = list(re.finditer(r"[0-9]+", run))
    kept: list[str] = []
    position = index = 0
    while index < len(groups):
        last = _card_end(groups, index)
        if last is not None:
            kept += [run[position : groups[index].start()], MASK]
            position = groups[last].end()
            index = last
        index += 1
    return "".join(kept) + run[position:]


def _card_end(groups: list[re.Match[str]], first: int) -> int | None:
    """The index of the group that ends a card number beginning at group `first`."""
    digits = ""
    for index in range(first, len(groups)):
        digits += groups[index][0]
        if len(digits) > 19:
            return None
        if len(digits) in _CARD_LENGTHS.get(digits[0], ()) and _luhn(digits):
            return index
    return None


def _luhn(digits: str) -> bool:
    """Whether the last digit is the right check digit."""
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        total += digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4)
    return total % 10 == 0
