import json
import shutil
from pathlib import Path

import pytest

from omniforge_cli.core.errors import WeightsError
from omniforge_cli.core.identity import sha256
from omniforge_cli.core.taxonomy import Label, Taxonomy
from omniforge_cli.files.weights import load_lexicon, load_local_analyzer, read_weights, weights_json
from omniforge_cli.routing.classifier import GROUPS
from omniforge_cli.routing.lexicon import Lexicon

SHIPPED = Path(__file__).parents[2] / "omniforge_cli" / "weights" / "omniforge"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("weights.json", "card.json"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    return tmp_path


def rewrite(folder: Path, **changes: object) -> None:
    """Changes keys of the weights and lets the card agree."""
    plain = json.loads((folder / "weights.json").read_text(encoding="utf-8"))
    content = json.dumps({**plain, **changes}).encode()
    (folder / "weights.json").write_bytes(content)
    (folder / "card.json").write_text(json.dumps({"weights_sha256": sha256(content)}))


def test_what_is_read_is_written_again_byte_for_byte(folder: Path) -> None:
    assert weights_json(read_weights(folder)) == (folder / "weights.json").read_bytes()


def test_the_shipped_weights_are_under_two_megabytes() -> None:
    assert (SHIPPED / "weights.json").stat().st_size < 2_000_000


def test_weights_that_the_card_does_not_describe_are_refused(folder: Path) -> None:
    with (folder / "weights.json").open("ab") as file:
        file.write(b" ")
    with pytest.raises(WeightsError, match=r"card\.json"):
        read_weights(folder)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema_version": 99}, "99"),
        ({"labels": ["a"]}, "do not fit"),
        ({"groups": {}}, "do not fit"),
        ({"sharpness": "high"}, "no weights file"),
        ({"lexicon": 3}, "no weights file"),
        ({"groups": {name: {"features": "!", "rows": "", "step": 1, "norm_step": 1} for name in GROUPS}}, "no weights"),
    ],
)
def test_damaged_weights_are_refused_in_one_line(folder: Path, change: dict[str, object], says: str) -> None:
    rewrite(folder, **change)
    with pytest.raises(WeightsError, match=says) as caught:
        read_weights(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["weights.json", "card.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(WeightsError, match=name):
        read_weights(folder)


def test_weights_of_another_taxonomy_are_refused(folder: Path) -> None:
    taxonomy = Taxonomy(name="colours", labels=(Label(name="red"), Label(name="blue")))
    with pytest.raises(WeightsError, match="other labels than taxonomy colours"):
        load_local_analyzer(folder, taxonomy)


def test_the_lexicon_gives_words_of_several_languages_their_class() -> None:
    lexicon = Lexicon(load_lexicon())
    for word in ("create", "crear", "erstellen", "oluştur", "创建"):
        assert lexicon.read(word).classes == lexicon.structure.symbols["v.create"]
