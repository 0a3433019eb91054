"""What is signed is what anybody with the secret would sign by the book."""

from __future__ import annotations

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from offers.signatures import signature


@given(secret=st.binary(max_size=130), messages=st.lists(st.binary(max_size=200), min_size=1, max_size=3))
def test_a_signature_is_hmac_sha_256_whatever_was_signed_before(secret: bytes, messages: list[bytes]) -> None:
    for message in messages:
        assert signature(secret, message) == hmac.new(secret, message, hashlib.sha256).digest()
