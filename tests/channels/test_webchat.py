"""The chat page's channel: the contract, its tokens, its JSON."""

import json
from hashlib import sha256

import pytest

from bot.channels.base import Channel, HookRequest
from bot.channels.webchat import MAX_BODY, Webchat
from bot.errors import BadInput, NotSigned
from bot.message import MAX_TEXT, Button, Kind, Worded
from tests.channels.contract import ChannelContract


def make() -> Webchat:
    return Webchat(lambda user: sha256(f"secret {user}".encode()).hexdigest())


TOKEN = make().open_session()
USER, _, SIGNATURE = TOKEN.rpartition(".")


class TestWebchat(ChannelContract):
    """The contract, and what only the chat page does."""

    name = "webchat"
    forged = (
        ("no header", HookRequest("main", b"{}", {})),
        ("an empty header", HookRequest("main", b"{}", {"authorization": ""})),
        ("no scheme", HookRequest("main", b"{}", {"authorization": TOKEN})),
        ("another scheme", HookRequest("main", b"{}", {"authorization": f"Basic {TOKEN}"})),
        ("no token", HookRequest("main", b"{}", {"authorization": "Bearer "})),
        ("no signature", HookRequest("main", b"{}", {"authorization": f"Bearer {USER}"})),
        ("an empty signature", HookRequest("main", b"{}", {"authorization": f"Bearer {USER}."})),
        ("only a signature", HookRequest("main", b"{}", {"authorization": f"Bearer .{SIGNATURE}"})),
        (
            "somebody else's signature",
            HookRequest("main", b"{}", {"authorization": f"Bearer x{USER}.{SIGNATURE}"}),
        ),
        ("two tokens", HookRequest("main", b"{}", {"authorization": f"Bearer {TOKEN} {TOKEN}"})),
        (
            "a signature in capitals",
            HookRequest("main", b"{}", {"authorization": f"Bearer {USER}.{SIGNATURE.upper()}"}),
        ),
        ("not ASCII", HookRequest("main", b"{}", {"authorization": f"Bearer {USER}.ÿ{SIGNATURE}"})),
    )

    def channel(self) -> Channel:
        return make()

    def request(self, channel: Channel, key: str = "k1", text: str = "停车多少钱") -> HookRequest:
        assert isinstance(channel, Webchat)
        content = json.dumps({"id": key, "text": text}).encode()
        return HookRequest("main", content, {"authorization": f"Bearer {TOKEN}"})

    def test_a_token_changed_anywhere_is_not_known(self) -> None:
        channel = make()
        for place, letter in enumerate(TOKEN):
            other = TOKEN[:place] + ("a" if letter != "a" else "b") + TOKEN[place + 1 :]
            with pytest.raises(NotSigned):
                channel.verify(HookRequest("main", b"", {"authorization": f"Bearer {other}"}))

    def test_a_token_is_good_in_every_process_of_this_hospital(self) -> None:
        request = HookRequest("main", b"", {"authorization": f"bearer  {TOKEN} "})
        assert make().verify(request) == USER
        stranger = Webchat(lambda user: sha256(f"other {user}".encode()).hexdigest())
        with pytest.raises(NotSigned):
            stranger.verify(request)

    def test_two_visitors_are_two(self) -> None:
        channel = make()
        assert len({channel.open_session() for _ in range(50)}) == 50

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 400),
            (b"{", 400),
            (b"\xff\xfe\x00", 400),
            (b"[" * 60_000, 400),
            (b'{"id":' * 9_000, 400),
            (b"null", 422),
            (b"[]", 422),
            (b'"text"', 422),
            (b"17", 422),
            (b"{}", 422),
            (b'{"id": "1"}', 422),
            (b'{"text": "a"}', 422),
            (b'{"id": 1, "text": "a"}', 422),
            (b'{"id": "1", "text": 1}', 422),
            (b'{"id": "1", "text": null}', 422),
            (b'{"id": "1", "text": ["a"]}', 422),
            (b'{"id": "", "text": "a"}', 422),
            (b'{"id": "%s", "text": "a"}' % (b"i" * 101), 422),
            (b'{"id": "1", "text": "\\u0000"}', 422),
            (b'{"id": "\\udead", "text": "a"}', 422),
            (b'{"id": "1", "text": "%s"}' % (b"a" * (MAX_TEXT + 1)), 413),
            (b" " * (MAX_BODY + 1), 413),
        ],
    )
    def test_a_body_that_says_nothing_is_refused(self, body: bytes, status: int) -> None:
        with pytest.raises(BadInput) as refused:
            make().parse(HookRequest("main", body), "u")
        assert refused.value.status == status

    @pytest.mark.parametrize(
        ("body", "text"),
        [
            (b'{"id": "1", "text": "a", "text": "b"}', "b"),
            (b'{"id": "1", "text": "a", "more": {"x": []}}', "a"),
            (b'\xef\xbb\xbf{"id": "1", "text": "a"}', "a"),
            ('{"id": "1", "text": "停车"}'.encode("utf-16"), "停车"),
            (b'{"id": "1", "text": "\\ud83d\\ude00"}', "\U0001f600"),
            (b'{"id": "1", "text": "\\ud83d \\u80f8\\u75db"}', "� 胸痛"),
            (b'{"id": "\\u0001x", "text": "a\\u0000b\\u0007c"}', "abc"),
            (b'{"id": "1", "text": "%s"}' % ("\U0001f600" * MAX_TEXT).encode(), None),
        ],
        ids=["twice", "more", "bom", "utf-16", "pair", "lone-surrogate", "controls", "longest"],
    )
    def test_what_can_be_read_is_read(self, body: bytes, text: str | None) -> None:
        (inbound,) = make().parse(HookRequest("main", body), "u")
        assert inbound.text == (text or "\U0001f600" * MAX_TEXT)

    def test_the_answer_is_the_documented_json(self) -> None:
        worded = Worded("请选", Kind.QUESTION, (Button("1 停车", "#1.1"),))
        assert json.loads(make().ack(HookRequest("main", b""), [(7, worded)]).body) == {
            "replies": [
                {
                    "id": "7",
                    "text": "请选",
                    "kind": "question",
                    "buttons": [{"label": "1 停车", "value": "#1.1"}],
                }
            ]
        }
