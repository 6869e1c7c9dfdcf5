from tests.test_booking_chats import *  # noqa
from tests.helpers.chat import Player
from tests.helpers.transcript import read
import os
for n in list(globals()):
    if n.startswith("test_"):
        del globals()[n]
PLAY=[Path(p) for p in os.environ.get("CHATS_SHOW","").split()]
@pytest.mark.parametrize(("clinics","path"), [("sqlite",p) for p in PLAY], indirect=["clinics"])
async def test_show(path, hospital):
    player=Player(hospital, path.name)
    try:
        await player.play(read(path.read_text("utf-8"), path.name))
    except Exception as e:
        print("!!", type(e).__name__)
    print("\n===",path.name); print("\n".join(x[:700] for x in player.heard)); print()
