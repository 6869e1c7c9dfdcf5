"""An account is opened from config.toml and the environment; an SDK is needed only where it is used."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.channels.sms import PROVIDERS, Sms, open_channel
from bot.errors import SettingsError
from bot.settings import load_settings
from tests.channels.sms.shared import SECRET, TOOLS

_CONFIG = """
[channels.sms.main]
provider = "kannel"
username = "daoyi"
sources = ["127.0.0.1", "10.0.0.0/8"]
signature = "示范医院"

[channels.sms.notices]
provider = "aliyun"
access_key_id = "id"
signature = "示范医院"
[channels.sms.notices.templates.visit_reminder]
code = "SMS_1"
fields = ["patient", "time"]
"""
_ENVIRONMENT = {
    "DAOYI_SMS_MAIN_PASSWORD": "p", "DAOYI_SMS_MAIN_HOOK_SECRET": SECRET,
    "DAOYI_SMS_NOTICES_ACCESS_KEY_SECRET": "s", "DAOYI_SMS_NOTICES_HOOK_SECRET": SECRET,
}  # fmt: skip
_SDKS = {"twilio": "twilio", "aliyun": "alibabacloud_dysmsapi20170525", "tencent": "tencentcloud"}


def test_accounts_as_they_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(_CONFIG, "utf-8")
    accounts = load_settings(file, _ENVIRONMENT).accounts
    main, notices = (open_channel(one.account, one.options, one.secrets, TOOLS) for one in accounts)
    assert (main.provider, notices.provider) == ("kannel", "aliyun")
    assert (main.limits.free_text, notices.limits.free_text) == (True, False)
    assert notices.limits.templates == {"visit_reminder"}
    assert isinstance(main, Sms)


@pytest.mark.parametrize("provider", list(_SDKS))
def test_a_missing_sdk_is_named(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, f"bot.channels.sms_providers.{provider}", raising=False)
    for name in [name for name in sys.modules if name.split(".")[0] == _SDKS[provider]]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, _SDKS[provider], None)
    with pytest.raises(SettingsError, match="is not installed") as refused:
        open_channel("main", {"provider": provider}, {}, TOOLS)
    assert PROVIDERS[provider] in str(refused.value)


def test_a_channel_without_an_sdk_loads_none() -> None:
    code = (
        "import sys, bot.channels.sms, bot.channels.sms_providers.kannel;"
        f"print([name for name in {sorted(_SDKS.values())!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
