import asyncio, pytest
from datetime import date
from tests.helpers.world import PATIENTS, World
from bot.wiring import booking_jobs

async def test_x(world: World) -> None:
    app = world.app
    await app.publish(days=[date(2026,11,19), date(2026,11,25), date(2026,11,26)])
    p = PATIENTS["小林"]
    async def say(t, ch="webchat"):
        print(">", t)
        for w in await world.says(p, ch, t):
            print("<", w.kind, w.text, [(b.label,b.value) for b in w.buttons])
    for t in ["我想挂心内科11月25日上午", "#1.1", "小林 110105199003072516","本人"]:
        await say(t)
    raise SystemExit
