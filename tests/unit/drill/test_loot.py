from edge_lpr.drill.loot import Loot, deliveries_of, keys_in_text, windows
from edge_lpr.drill.records import records_of_messages
from edge_lpr.tokens.key_ring import KeyPurpose
from edge_lpr.wire import base64url
from edge_lpr.wire.jwe import TransportKey
from edge_lpr.wire.jws import SigningKey
from edge_lpr.wire.key_delivery import EpochKeys, KeyDelivery, sign_delivery
from edge_lpr.wire.topics import DeviceAddress

AUTHORITY = SigningKey.generate()
KEYS = EpochKeys(20_000, b"s" * 32, b"t" * 32)


def delivery_to(key: TransportKey) -> bytes:
    address = DeviceAddress("drill", "elm", "elm-1")
    delivery = KeyDelivery(address, 1, 0, 10**9, KeyPurpose.LIVE, (KEYS,))
    return sign_delivery(delivery, key.public_key, AUTHORITY)


def test_a_delivery_opens_with_the_key_that_it_was_sealed_to() -> None:
    key = TransportKey.generate()
    loot = Loot(deliveries=[("elm", delivery_to(key))], transport_keys=[key])
    assert loot.open_deliveries(AUTHORITY.public_key) == 1
    assert loot.keys().stretch == {20_000: {b"s" * 32}}
    assert loot.keys().site == {("elm", 20_000): {b"t" * 32}}


def test_a_delivery_does_not_open_with_a_later_key() -> None:
    loot = Loot(
        deliveries=[("elm", delivery_to(TransportKey.generate()))],
        transport_keys=[TransportKey.generate()],
    )
    assert loot.open_deliveries(AUTHORITY.public_key) == 0
    assert not loot.keys().all()


def test_keys_are_found_in_signed_texts_inside_signed_texts() -> None:
    inner = AUTHORITY.sign("inner", b'{"key":"' + base64url.encode(b"k" * 32) + b'"}')
    outer = AUTHORITY.sign("outer", b'{"inside":"' + inner + b'"}')
    assert b"k" * 32 in set(keys_in_text(outer))


def test_every_place_of_a_small_file_is_tried() -> None:
    content = bytes(range(40))
    assert content[3:35] in set(windows(content))
    assert len(list(windows(content))) == 9
    assert list(windows(b"short")) == []


def test_deliveries_are_told_from_other_messages() -> None:
    messages = [("lpr/v1/drill/elm/elm-1/keys", b"x"), ("lpr/v1/drill/elm/elm-1/status", b"y")]
    assert deliveries_of(messages) == [("elm", b"x")]


def test_what_is_no_sighting_is_passed_over() -> None:
    messages = [
        ("lpr/v1/drill/elm/elm-1/sighting", b"nonsense"),
        ("lpr/v1/drill/elm/elm-1/birth", b"x"),
        ("somewhere/else", b"x"),
    ]
    assert records_of_messages(messages) == []


def test_keys_do_not_show() -> None:
    loot = Loot()
    loot.add_keys("elm", KEYS)
    assert "sss" not in repr(loot)
