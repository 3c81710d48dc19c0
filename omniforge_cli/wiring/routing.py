"""Settings -> taxonomies, analyzers, providers and routers."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.decision import RoutingDecision, RoutingRequest
from omniforge_cli.core.errors import PromptError, TaxonomyError, WeightsError
from omniforge_cli.core.identity import sha256
from omniforge_cli.core.run import Analyzer
from omniforge_cli.core.settings import Settings
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.files import compiled, resources
from omniforge_cli.files import settings as settings_file
from omniforge_cli.routing.analyzer import Analyzer as AnalyzerLike
from omniforge_cli.routing.keyword import KeywordAnalyzer
from omniforge_cli.routing.router import Router

if TYPE_CHECKING:
    from omniforge_cli.core.prompt import PromptVersion
    from omniforge_cli.routing.local import LocalAnalyzer
    from omniforge_cli.routing.provider import Provider

_LOG: Final = logging.getLogger(__name__)
DEFAULT_MODEL: Final = "gpt-4o-mini"
DEFAULT_CASCADE_THRESHOLD: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTaxonomy:
    """A taxonomy, where it was read, and the folder of the weights trained for it (None: there are none)."""

    taxonomy: Taxonomy
    path: Path
    weights: Path | None


def load_taxonomy(ref: str) -> LoadedTaxonomy:
    """The taxonomy that a packaged name, a file or a trained folder names.

    Raises:
        TaxonomyError: there is none, or it is broken.
    """
    if "\0" in ref:
        raise TaxonomyError(f"{ref!r} is no taxonomy: a name cannot hold a NUL byte")
    named = resources.taxonomies() / f"{ref}.yaml"
    path = Path(ref)
    if "/" not in ref and named.is_file():
        weights = resources.weights() / ref
        return LoadedTaxonomy(taxonomy=_read_taxonomy(named), path=named, weights=weights if weights.is_dir() else None)
    if path.is_dir():
        return LoadedTaxonomy(taxonomy=_read_taxonomy(path / "taxonomy.yaml"), path=path, weights=path)
    if path.is_file():
        return LoadedTaxonomy(taxonomy=_read_taxonomy(path), path=path, weights=None)
    from omniforge_cli.files.taxonomy import unknown_taxonomy

    raise unknown_taxonomy(ref, sorted(found.stem for found in resources.taxonomies().glob("*.yaml")))


def _read_taxonomy(path: Path) -> Taxonomy:
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise TaxonomyError(f"{path}: cannot be read ({exc.strerror})") from exc
    taxonomy = compiled.load_taxonomy(settings_file.cache_dir(), content)
    if taxonomy is None:
        from omniforge_cli.files.contents import decode
        from omniforge_cli.files.taxonomy import parse_taxonomy

        taxonomy = parse_taxonomy(decode(content, path, TaxonomyError), path)
        compiled.save_taxonomy(settings_file.cache_dir(), content, taxonomy)
    return taxonomy


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The analyzer that `auto` came to, and why."""

    analyzer: Analyzer
    why: str


def choose_analyzer(settings: Settings) -> Choice:
    """`auto` is the LLM where one is configured, else the offline analyzer; any other name is itself."""
    if settings.analyzer != "auto":
        return Choice(analyzer=Analyzer(settings.analyzer), why=f"{settings.analyzer}, as asked")
    if settings.model is not None or settings.api_base is not None:
        origin = settings.origins.get("model", "default")
        model = settings.model or DEFAULT_MODEL
        why = f"asking {model} ({origin if settings.model else settings.origins.get('api_base')}); --analyzer local would answer offline"
        return Choice(analyzer=Analyzer.LLM, why=why)
    return Choice(
        analyzer=Analyzer.LOCAL,
        why="answering offline with `local`, as no model is configured and no provider's key is set",
    )


def local_analyzer(loaded: LoadedTaxonomy) -> LocalAnalyzer | None:
    """The trained analyzer of a taxonomy, or None where nothing was trained for it."""
    if loaded.weights is None or not (loaded.weights / "weights.json").is_file():
        return None
    from omniforge_cli.files.weights import load_local_analyzer

    return load_local_analyzer(loaded.weights, loaded.taxonomy)


def weights_hash(loaded: LoadedTaxonomy) -> str | None:
    """Identity of a taxonomy's trained weights, None where there are none."""
    if loaded.weights is None or not (loaded.weights / "weights.json").is_file():
        return None
    return sha256((loaded.weights / "weights.json").read_bytes())


def offline_analyzer(loaded: LoadedTaxonomy) -> AnalyzerLike:
    """What answers without a network, and always does: `local` where there are weights, else the keyword rules."""
    return local_analyzer(loaded) or KeywordAnalyzer(loaded.taxonomy)


def safety_net(loaded: LoadedTaxonomy) -> AnalyzerLike:
    """What stands in for the LLM: never less than the keyword rules, whatever has become of the weights."""
    try:
        return offline_analyzer(loaded)
    except WeightsError as exc:
        _LOG.warning("local is not available: %s", exc)
        return KeywordAnalyzer(loaded.taxonomy)


class OnDemand:
    """An analyzer that is loaded when it is first asked: a fallback costs nothing until the LLM fails."""

    def __init__(self, load: Callable[[], AnalyzerLike]) -> None:
        self._load = load
        self._analyzer: AnalyzerLike | None = None

    async def analyze(self, request: RoutingRequest) -> RoutingDecision:
        """The loaded analyzer's decision; raises what it raises."""
        if self._analyzer is None:
            self._analyzer = self._load()
        return await self._analyzer.analyze(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """How a provider is called. `whole_deadline`: the timeout bounds a decision with its retries, not each attempt."""

    retries: int = 2
    whole_deadline: bool = True
    concurrency: int = 16
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A provider with what must be awaited before the first call (loading its adapter), and what may be: it opens a connection."""

    provider: Provider
    ready: Callable[[], Awaitable[None]] | None = None
    warm_up: Callable[[], Awaitable[None]] | None = None


def adapter_name(settings: Settings, model: str) -> str:
    """`direct` for OpenAI-compatible endpoints, `litellm` for every other, or what was asked for."""
    if settings.provider != "auto":
        return settings.provider
    from omniforge_cli.adapters.endpoints import speaks_openai

    return "direct" if speaks_openai(model, settings.api_base) else "litellm"


def adapter(settings: Settings, model: str, calls: Calls) -> Connection:
    """The adapter that makes the calls for a model; litellm is imported in a thread, when it is first needed."""
    if adapter_name(settings, model) == "direct":
        from omniforge_cli.adapters.direct_provider import DirectProvider

        direct = DirectProvider(keys=settings_file.provider_keys(), concurrency=calls.concurrency)
        return Connection(provider=direct, warm_up=lambda: direct.warm_up(model, settings.api_base))
    from omniforge_cli.providers.lazy import LazyProvider

    def load() -> Provider:
        from omniforge_cli.adapters.litellm_provider import LiteLLMProvider

        return LiteLLMProvider(keys=settings_file.provider_keys(), concurrency=calls.concurrency)

    lazy = LazyProvider(load)
    return Connection(provider=lazy, ready=lazy.ready)


def retrying(connection: Connection, calls: Calls) -> Provider:
    """The provider with retries round it."""
    from omniforge_cli.providers.retry import RetryingProvider

    return RetryingProvider(connection.provider, retries=calls.retries, whole_deadline=calls.whole_deadline, rng=random.Random(calls.seed))


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterSpec:
    """Which router to build: who decides, through which provider, and whether somebody else may answer instead."""

    settings: Settings
    loaded: LoadedTaxonomy
    analyzer: Analyzer
    prompt: PromptVersion | None = None
    model: str | None = None
    provider: Provider | None = None
    ready: Callable[[], Awaitable[None]] | None = None
    seed: int | None = None
    no_fallback: bool = False
    clock: Callable[[], float] = perf_counter


def load_prompt(ref: str) -> PromptVersion:
    """The prompt version that a reference or a path names; raises PromptError."""
    path = Path(ref)
    if path.suffix in resources.PROMPT_SUFFIXES or path.is_file():
        from omniforge_cli.files.prompt import read_prompt

        return read_prompt(path)
    path = resources.find_version("prompts", ref, resources.PROMPT_SUFFIXES, PromptError)
    content = path.read_bytes()
    prompt = compiled.load_prompt(settings_file.cache_dir(), content)
    if prompt is None:
        from omniforge_cli.files.prompt import read_prompt

        prompt = read_prompt(path)
        compiled.save_prompt(settings_file.cache_dir(), content, prompt)
    return replace(prompt, name=path.parent.name, version=path.stem)


def with_llm(spec: RouterSpec, *, model: str, connection: Connection, calls: Calls) -> RouterSpec:
    """The same router, asking a model through a connection with the settings' prompt version."""
    return replace(
        spec, model=model, prompt=load_prompt(spec.settings.prompt), provider=retrying(connection, calls), ready=connection.ready
    )


def build_router(spec: RouterSpec) -> Router:
    """The router of one arm."""
    loaded = spec.loaded
    if spec.analyzer is Analyzer.LOCAL:
        return Router(taxonomy=loaded.taxonomy, asked=offline_analyzer(loaded))
    if spec.analyzer is Analyzer.KEYWORD:
        return Router(taxonomy=loaded.taxonomy, asked=KeywordAnalyzer(loaded.taxonomy))
    asked = _llm(spec)
    offline = OnDemand(lambda: safety_net(loaded))
    if spec.analyzer is Analyzer.CASCADE:
        from omniforge_cli.routing.cascade import CascadeAnalyzer

        asked = CascadeAnalyzer(local=offline, llm=asked, threshold=cascade_threshold(spec.settings))
    return Router(
        taxonomy=loaded.taxonomy, asked=asked, fallbacks=() if spec.no_fallback else (offline,), ready=spec.ready, clock=spec.clock
    )


def cascade_threshold(settings: Settings) -> float:
    """The confidence at which `cascade` trusts the local answer."""
    return DEFAULT_CASCADE_THRESHOLD if settings.cascade_threshold is None else settings.cascade_threshold


def _llm(spec: RouterSpec) -> AnalyzerLike:
    from omniforge_cli.adapters.jinja_renderer import JinjaRenderer
    from omniforge_cli.routing.llm import LLMIntentAnalyzer, LLMOptions

    assert spec.provider is not None and spec.prompt is not None  # an LLM arm has both
    return LLMIntentAnalyzer(
        provider=spec.provider,
        renderer=JinjaRenderer(),
        prompt=spec.prompt,
        taxonomy=spec.loaded.taxonomy,
        options=LLMOptions(
            model=spec.model or DEFAULT_MODEL, timeout_s=spec.settings.timeout_s, api_base=spec.settings.api_base, seed=spec.seed
        ),
    )


def read_agents(path: str) -> tuple[Agent, ...]:
    """The agents in a JSON or YAML file; raises ConversationFileError."""
    from omniforge_cli.files.conversation import agents_from

    return agents_from(_plain_document(path), path)


def read_history(path: str) -> tuple[Message, ...]:
    """The messages in a JSON or YAML file; raises ConversationFileError."""
    from omniforge_cli.files.conversation import history_from

    return history_from(_plain_document(path), path)


def _plain_document(path: str) -> Any:
    from omniforge_cli.core.errors import ConversationFileError
    from omniforge_cli.files.documents import read_document

    return read_document(Path(path), ConversationFileError)
