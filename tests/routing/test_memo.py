from omniforge_cli.routing.memo import Memo


def test_a_value_is_computed_once() -> None:
    asked: list[int] = []
    memo = Memo(lambda key: asked.append(key) or key * 2, 10)  # type: ignore[func-returns-value]
    assert [memo[3], memo[3], memo[4]] == [6, 6, 8]
    assert asked == [3, 4]


def test_what_is_remembered_is_bounded() -> None:
    memo = Memo(str, 2)
    assert [memo[key] for key in range(9)] == [str(key) for key in range(9)]
    assert len(memo) == 2
