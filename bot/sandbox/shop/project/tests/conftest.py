"""What the tests share."""

import pytest

from shop.database import Database


@pytest.fixture
def database():
    return Database()
