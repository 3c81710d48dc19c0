"""Taxonomy files: a packaged name, a YAML file, or the folder of a trained analyzer."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml
from pydantic import TypeAdapter

from omniforge_cli.core.errors import TaxonomyError
from omniforge_cli.core.identity import nearest
from omniforge_cli.core.taxonomy import TAXONOMY_SCHEMA_VERSION, Taxonomy
from omniforge_cli.files.documents import parse_document, validated

_ADAPTER: Final = TypeAdapter(Taxonomy)


def parse_taxonomy(text: str, path: Path) -> Taxonomy:
    """The taxonomy in a YAML text.

    Raises:
        TaxonomyError: broken YAML, an unknown key, a label twice, a newer schema …
    """
    document = parse_document(text, path, TaxonomyError)
    if not isinstance(document, dict):
        raise TaxonomyError(f"{path}: a taxonomy is a mapping with `name` and `labels`")
    version = document.get("schema_version", TAXONOMY_SCHEMA_VERSION)
    if version != TAXONOMY_SCHEMA_VERSION:
        raise TaxonomyError(f"{path}: schema_version {version!r} is not {TAXONOMY_SCHEMA_VERSION}; a newer omniforge may read it")
    try:
        return validated(_ADAPTER, {**document, "version": str(document.get("version", "1"))}, str(path), TaxonomyError)
    except TaxonomyError as exc:
        raise exc if str(path) in str(exc) else TaxonomyError(f"{path}: {exc}") from exc


def dump_taxonomy(taxonomy: Taxonomy) -> str:
    """The YAML text that `parse_taxonomy` reads back as the same value."""
    document = _ADAPTER.dump_python(taxonomy, mode="json", exclude_defaults=True)
    ordered = {"schema_version": taxonomy.schema_version, "version": taxonomy.version, **document}
    return yaml.safe_dump(ordered, allow_unicode=True, sort_keys=False, width=120)


def unknown_taxonomy(ref: str, known: list[str]) -> TaxonomyError:
    """The error for a reference that is neither a packaged name, a file nor a folder with a taxonomy."""
    return TaxonomyError(f"there is no taxonomy {ref!r}: give a packaged name, a file or a folder{nearest(ref, known)}")
