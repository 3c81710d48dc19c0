"""Agents, skills and channels that are called by what they do: "the invoice bot", "el bot de facturas", 发票机器人, "our OCR skill".

Such a name is made of ordinary words, so it counts only where its first and last word are certain: a determiner or a verb before it, the
noun that says what it is after it (before it in languages that put the noun first).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from omniforge_cli.routing.phrases import Hit, Phrases, Words


def words_of(text: str) -> frozenset[str]:
    """The words of a list that is written with spaces between them."""
    return frozenset(text.split())


KINDS: Final = frozenset({"agent", "skill", "channel"})
"""Classes of the nouns that such a name is built around."""
_MOST_WORDS: Final = 4
_MOST_CHARACTERS: Final = 8
"""Of a name in a script without spaces, before its noun."""
_DEFINITE: Final = words_of(
    "the my our your his her their this that both der die das den dem unser unsere unseren unserem mein meine meinen meinem het"
    " de onze mijn मेरे मेरा मेरी हमारे हमारा हमारी इस उस अपने अपना"
)
_DEFINITE_BEFORE_NOUNS: Final = words_of(
    "el la mi tu su nuestro nuestra le mon ma notre votre ce cet o a meu minha nosso nossa ao do da il lo mio nostro al del"
)
"""The same in languages that put the noun first."""
_BREAKS: Final = words_of(
    "to of in on at by for from with without into onto off and or but if when while because since than then as is are was were be"
    " been am do does did has have had can could should would will must may might i you he she it we they me him us them who what which"
    " whose why how where there here not all these those one s t please via just like und oder oder e y et और या को का की के ने से में पर"
)
"""Words that stand in no name of this form: the words before them belong to something else."""
_INDEFINITE: Final = words_of(
    "a an un une una uno ein eine einen einem um uma any some another every each no"
    " one jeder jede jedes kein keine keinen एक कोई भी जिससे नया नई नए another"
)
_INTO: Final = words_of("in to into on im auf en dans sur no na")
"""Before "the ... channel": something is posted there."""
_GENERIC: Final = words_of(
    "old new current existing same other whole entire own little poor dear stupid damn bloody lovely good bad broken slow busy live running"
    " paused disabled idle active inactive only main first second third fourth fifth last next previous latest newest oldest single default"
    " specific particular certain right wrong correct different similar ai llm custom smart virtual"
    " automated actual two three most best worst said"
    " relevant respective offending shared available published appropriate corresponding required necessary missing reusable"
    " extra additional ready-made nuevo vieux alten neuen neue alte novo nova existente existentes existant existante"
    " vorhandenen vorhandene bestehenden bestehende"
)
_OF: Final = words_of("de des du di del della da do dos das d pour para per al aux au")
_ARTICLES: Final = words_of("la el los las le les l o os as il lo")
_RELATIVE: Final = words_of("que qui quien cual cui che quoi quem")
_AFTER_SUBJECT: Final = words_of("को का की के ने से में पर है")
_INFINITIVES: Final = ("ar", "er", "ir", "re")
_MANY: Final = ("s", "enti", "агенты")
_LOOSE: Final = words_of("tool tools function plugin outil herramienta herramientas strumento ferramenta")
"""Nouns that name a skill on this platform and many other things elsewhere."""
_ARABIC_NOUN: Final = re.compile(r"ال\w{2,}")
_HINDI: Final = "\u0900"
_CHINESE_BOUNDARY: Final = (
    r".*(?:删除|移除|删掉|暂停|停止|停掉|停用|禁用|启动|启用|运行|执行|重启|关闭|打开|关掉|开启|更新|修改|调整|触发|唤醒|问问|告诉|一下|添加|增加|加上|安装|分配|使用"
    r"|你说|[把让给叫请的到和与跟你我他她您，。、；：！？,.;:!?\s“”\"「」]|这个|那个|我们|咱们|这|那|有|加)"
)
_CREATED: Final = re.compile(r"(?:[一新几每]|哪)[个款种]?$|新|个$")
_JAPANESE_NAME: Final = re.compile(r"[\u30a0-\u30ff\u4e00-\u9fff々]+$")


class Described(NamedTuple):
    """Such a name: where it stands in the text, as written, and "agent", "skill" or "channel"."""

    start: int
    end: int
    name: str
    kind: str


def described(words: Words, hits: Sequence[Hit], phrases: Phrases) -> list[Described]:
    """The names of this form that a text holds; `hits` are those of `phrases.things`. Call it only where one has a class of `KINDS`."""
    found: list[Described] = []
    for index, hit in enumerate(hits):
        kinds = hit.classes & KINDS
        if kinds and hit.phrase not in _LOOSE and not hit.phrase.endswith(_MANY):
            kind = min(kinds)
            place = _place(words, hits, index, kind, phrases)
            if place is not None:
                start, end = place
                found.append(Described(start, end, words.text[start:end], kind))
    return found


def _place(words: Words, hits: Sequence[Hit], index: int, kind: str, phrases: Phrases) -> tuple[int, int] | None:
    hit = hits[index]
    noun_start, noun_end = words.spans[hit.start][0], words.spans[hit.end - 1][1]
    noun = words.text[noun_start]
    if noun >= "\u3040":
        start = _unspaced_start(words.text, noun_start)
        end = noun_end if kind == "agent" else noun_start
    elif "\u0600" <= noun < "\u0700":
        return _arabic(words, hit, kind)
    else:
        first = _first_word(words, hits, index, kind, phrases)
        if first is None:
            return _noun_first(words, hits, index, kind, phrases)
        start, end = words.spans[first][0], noun_end if kind == "agent" else words.spans[hit.start - 1][1]
    return (start, end) if start is not None and start < end else None


def _first_word(words: Words, hits: Sequence[Hit], index: int, kind: str, phrases: Phrases) -> int | None:
    """The token with which "invoice bot" begins, or None where nothing says that it is one that exists."""
    hit, said, text = hits[index], words.words, words.text
    at = hit.start
    while at and hit.start - at <= _MOST_WORDS:
        gap = text[words.spans[at - 1][1] : words.spans[at][0]]
        word = said[at - 1]
        if gap not in (" ", "-") or word in _DEFINITE or word in _BREAKS or word in _INDEFINITE or word in _DEFINITE_BEFORE_NOUNS:
            break
        at -= 1
    if kind == "channel" and not (at > 1 and said[at - 2] in _INTO):
        return None
    bounded = at > 0 and said[at - 1] in _DEFINITE and text[words.spans[at - 1][1] : words.spans[at][0]] == " "
    if not bounded:
        at = _bare_start(words, hits, index, at, phrases)
    while at < hit.start and said[at] in _GENERIC:
        at += 1
    if at >= hit.start or said[at].isdecimal() or hit.start - at > _MOST_WORDS:
        return None
    capitals = all([text[words.spans[token][0]].isupper() for token in range(at, hit.start)])
    return None if capitals and "agent" in hit.classes else at


def _bare_start(words: Words, hits: Sequence[Hit], index: int, at: int, phrases: Phrases) -> int:
    """Without a determiner: what follows "pause" or "to", or opens the text; the noun's own place if there is none."""
    hit = hits[index]
    if at and words.words[at - 1] in _INDEFINITE:
        return hit.start
    after = hits[index + 1] if index + 1 < len(hits) and hits[index + 1].start == hit.end else None
    for earlier in reversed(hits[:index]):
        if earlier.end <= hit.start and earlier.end >= at and "operate" in earlier.classes:
            return earlier.end
        if earlier.end == at and "onto" in earlier.classes and hit.start - at <= 2:
            return at if _plain(words, at, hit.end, phrases) else hit.start
    if at == 0 and hit.start > 0:
        said = words.words[hit.end] if hit.end < len(words.words) else ""
        if (after is not None and "aux" in after.classes and _plain(words, at, hit.start, phrases)) or said in _AFTER_SUBJECT:
            return 0
    if at > 0 and words.words[at - 1] in _AFTER_SUBJECT and words.text[words.spans[at][0]] >= _HINDI:
        return at
    return hit.start


def _plain(words: Words, start: int, end: int, phrases: Phrases) -> bool:
    """Whether none of the words is one of conversation or of acts, or many: bare plurals speak of no one in particular."""
    talk, things = phrases.talk.classes, phrases.things.classes
    return not any(
        word in talk or (word in things and things[word].isdisjoint(KINDS)) or word.endswith("s") for word in words.words[start:end]
    )


def _noun_first(words: Words, hits: Sequence[Hit], index: int, kind: str, phrases: Phrases) -> tuple[int, int] | None:
    """The noun, and what it is for: "el bot de facturas", "l'assistant de paie"."""
    hit, said = hits[index], words.words
    own = "'" in said[hit.start]
    if (
        kind == "skill"
        and hit.end + 1 < len(said)
        and any(later.start == hit.end + 1 and "onto" in later.classes for later in hits)
        and words.text[words.spans[hit.end - 1][1] : words.spans[hit.end][0]] == " "
    ):
        word = said[hit.end]
        return (
            words.spans[hit.end]
            if hit.start and said[hit.start - 1] in _DEFINITE_BEFORE_NOUNS and word not in _BREAKS | _OF | _GENERIC
            else None
        )  # "la compétence traduction à ..."
    if kind == "channel" or not (own or (hit.start and said[hit.start - 1] in _DEFINITE_BEFORE_NOUNS)):
        return None
    at = opening = hit.end + (kind == "skill" and said[hit.end : hit.end + 1] != () and said[hit.end] in _GENERIC)
    while at + 1 < len(said) and said[at] in _OF and at - opening < _MOST_WORDS:
        inner = at + 1 + (said[at + 1] in _ARTICLES)
        if (
            inner >= len(said)
            or said[inner] in _RELATIVE
            or said[inner] in _BREAKS
            or said[inner].endswith(_INFINITIVES)
            or words.text[words.spans[inner][0]].isupper()
        ):
            break
        at = inner + 1
    if at == opening or phrases.things.classes.get(said[opening + 1], frozenset()) & {"agent", "skill", "place", "tenant"}:
        return None
    start = words.spans[hit.start][0] + (words.text[words.spans[hit.start][0] :].find("'") + 1 if own else 0)
    if kind == "skill":
        start = words.spans[opening + 1][0]
    return start, words.spans[at - 1][1]


def _arabic(words: Words, hit: Hit, kind: str) -> tuple[int, int] | None:
    """An indefinite noun with a definite one makes a name: "روبوت الفواتير"."""
    if hit.end >= len(words.words) or hit.phrase.startswith("ال"):
        return None
    start, end = words.spans[hit.end]
    if not _ARABIC_NOUN.match(words.text, start, end):
        return None
    return (words.spans[hit.start][0] if kind == "agent" else start), end


def _unspaced_start(text: str, noun: int) -> int | None:
    head = text[max(0, noun - 2 * _MOST_CHARACTERS) : noun]
    if any("\u3040" <= letter <= "\u30ff" for letter in text):
        match = _JAPANESE_NAME.search(head)
        return None if match is None or _CREATED.search(match.group()) else noun - len(match.group())
    boundary = re.match(_CHINESE_BOUNDARY, head, re.DOTALL)
    name = head[boundary.end() :] if boundary else head
    if not name or len(name) > _MOST_CHARACTERS or _CREATED.search(name) or not name[0].isalnum():
        return None
    return noun - len(name) if boundary or noun == len(name) else None


def compounds(words: Words) -> Iterator[tuple[int, int]]:
    """Agents' names that one word of a language of compounds holds: "den Urlaubsassistenten", "unser Rechnungshelfer"."""
    for at, word in enumerate(words.words):
        if at and len(word) > 9 and word.endswith(_COMPOUND_ENDS) and words.words[at - 1] in _DEFINITE:
            yield words.spans[at]


_COMPOUND_ENDS: Final = ("assistent", "assistenten", "assistentin", "agent", "agenten", "helfer", "roboter")
