from omniforge_cli.routing.memo import Memo


def test_a_value_is_computed_once() -> None:
    asked: list[int] = []
    memo = Memo(lambda key: asked.append(key) or key * 2, 10)  # type: ignore[func-returns-value]
    assert [memo[3], memo[3], memo[4]] == [6, 6, 8]
    assert asked == [3, 4]


def test_what_is_remembered_is_bounded_and_what_is_frequent_comes_back() -> None:
    asked: list[int] = []
    memo = Memo(lambda key: asked.append(key) or str(key), 2)  # type: ignore[func-returns-value]
    assert [memo[key] for key in (1, 2, 3, 1, 3, 1)] == ["1", "2", "3", "1", "3", "1"]
    assert len(memo) == 2
    assert asked == [1, 2, 3, 1]
