"""A device token proves one device of one retailer, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.gateway.tokens import device_of, device_token

SECRET = b"a secret of the tests"
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@given(retailer=names, device=names)
def test_a_token_proves_its_device_and_fits_into_a_header(retailer: str, device: str) -> None:
    token = device_token(retailer, device, SECRET)
    assert device_of(token, retailer, SECRET) == device
    assert token.isascii()
    assert token.isprintable()


@pytest.mark.parametrize(
    ("retailer", "secret"), [("shop-2", SECRET), ("shop|phone", SECRET), ("shop", b"another secret of the tests")]
)
def test_a_token_of_another_retailer_or_secret_proves_nothing(retailer: str, secret: bytes) -> None:
    assert device_of(device_token("shop", "phone", SECRET), retailer, secret) is None


@given(st.text(max_size=60))
def test_what_is_no_token_proves_nothing(token: str) -> None:
    assert device_of(token, "shop", SECRET) is None
