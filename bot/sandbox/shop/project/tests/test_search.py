import pytest

from shop import search


def test_finding_by_part_of_the_name():
    assert search.find("pot") == ["teapot"]


def test_finding_ignores_case():
    assert search.find("CUP") == ["cup"]


def test_finding_nothing():
    assert search.find("spoon") == []


def test_best_match_is_suggested_first():
    assert search.suggest("tea")[0] == "tea"


@pytest.mark.parametrize("word", ["cup", "tea", "towel", "saucer"])
def test_search_is_logged(database, word):
    database.insert("searches", word=word)
    assert database.find("searches", word=word)
