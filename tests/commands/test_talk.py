"""`daoyi ask` and `daoyi chat`: the assistant without a browser."""

from tests.commands.conftest import Shop


def test_ask_explains_how_it_understood(open_shop: Shop) -> None:
    said = open_shop("ask", "--json", "停车怎么收费")
    assert said.status == 0, said.err
    told = said.json
    assert set(told) == {
        "lang", "alarm", "act", "decision", "intent", "score", "candidates", "reply", "replies",
    }  # fmt: skip
    assert (told["lang"], told["decision"], told["intent"]) == ("zh-CN", "answer", "visit.parking")
    assert (told["alarm"], told["act"]) == (None, None)
    assert 0 <= told["score"] <= 1
    assert "停车每小时4元" in told["reply"]
    assert [set(reply) for reply in told["replies"]] == [{"text", "kind", "buttons"}] * 2
    assert all(set(c) == {"intent", "score"} for c in told["candidates"])
    assert not (open_shop.data / "daoyi.sqlite3").exists(), "nothing is stored"


def test_ask_sees_an_emergency(open_shop: Shop) -> None:
    told = open_shop.inside("ask", "--json", "I have crushing chest pain and can't breathe").json
    assert told["alarm"]
    assert told["decision"] is None
    assert "120" in told["reply"]


def test_ask_in_words_prints_the_reply_alone(open_shop: Shop) -> None:
    said = open_shop.inside("ask", "how much is parking")
    assert said.status == 0
    assert "¥4 an hour" in said.out
    assert "{" not in said.out


def test_ask_nothing_is_refused(open_shop: Shop) -> None:
    open_shop.inside("ask", " \u0007\n").refuses("say something")


def test_chat_through_a_pipe(shop: Shop) -> None:
    said = shop("chat", stdin="停车多少钱\n\u0007\n转人工\n返回\n谢谢\n\n医院在哪\n")
    assert said.status == 0, said.err
    assert "Traceback" not in said.err
    assert said.out.count("停车每小时4元") == 1
    assert "智能助手" in said.out
    assert said.out.index("停车每小时") < said.out.index("不客气")
    assert "人民东路" not in said.out, "an empty line leaves"
    assert (shop.data / "daoyi.sqlite3").exists(), "a chat is the whole application"
