"""The chat page for every eye and ear: small screens, large letters, dark rooms, screen readers."""

import json
import re
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect

from tests.helpers.browser import CHROMIUM, QUIET
from tests.webchat.conftest import Patient
from tests.webchat.faulty_server import PAGE, Hospital, choice, serving

EVERYTHING = [
    choice("您想挂哪个科?", ("内科", "dept:1"), ("很长的选项" * 12, "dept:2")),
    {"text": "请马上拨打 120。", "kind": "emergency"},
    {"text": "明天上午 9:30 复诊。请打 0571-5550 0100。", "kind": "reminder"},
    {"text": "今天门诊到 17:00。", "kind": "notice"},
    {"text": "https://hospital.example/" + "x" * 300, "kind": "staff"},
]

# The contrast of every visible piece of text with the ground it stands on, worst first.
CONTRASTS = """
() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = channels(colour).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((channels(colour)[3] ?? 1) === 1) return colour;
    }
    throw new Error("no ground");
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(ground(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([ratio, walker.currentNode.data.trim().slice(0, 20)]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}
"""


def full_page(
    browser: Browser, hospital: Hospital, url: str, lang: str, **screen: object
) -> Patient:
    """Open a page that shows every kind of message, one refused and one unsent among them."""
    context = browser.new_context(reduced_motion="reduce", **screen)  # type: ignore[arg-type]
    patient = Patient(context.new_page(), hospital, url).open(lang)
    hospital.answers["全部"] = EVERYTHING
    patient.ask("全部")
    expect(patient.bot).to_have_count(len(EVERYTHING))
    hospital.fail(400, error="不行。")
    patient.ask("坏的")
    hospital.fail(503, times=99, error="正忙。")
    patient.ask("等着")
    expect(patient.page.locator("[data-tone='trouble']")).to_be_visible()
    return patient


# Wider than the window, or less than a fingertip high or wide.
MISFITS = """
() => [
  ...[document.documentElement, document.getElementById("scroll")]
    .filter((node) => node.scrollWidth > innerWidth)
    .map((node) => `${node.tagName} is ${node.scrollWidth} wide`),
  ...[...document.querySelectorAll("button:not(.plain), .urgent a, .call")]
    .filter((node) => node.checkVisibility())
    .filter((node) => Math.min(node.offsetWidth, node.offsetHeight) < 40)
    .map((node) => `${node.textContent} is ${node.offsetWidth} by ${node.offsetHeight}`),
]
"""


@pytest.mark.parametrize(
    ("lang", "width", "height"),
    [
        ("zh-CN", 320, 568),
        ("en", 320, 568),
        ("zh-CN", 390, 844),
        pytest.param("en", 390, 400, id="en-with-its-keyboard-open"),
        pytest.param("en", 844, 390, id="en-on-its-side"),
        ("zh-CN", 1280, 800),
    ],
)
def test_nothing_is_cut_off(
    browser: Browser, hospital: Hospital, lang: str, width: int, height: int
) -> None:
    """No sideways scrolling, room for a finger, and what matters stays on the screen."""
    screen = {"width": width, "height": height}
    with serving(hospital) as url:
        page = full_page(browser, hospital, url, lang, viewport=screen).page
        assert page.evaluate(MISFITS) == []
        for wanted in (".urgent a >> nth=0", "#text", "#person", ".send", "#state"):
            expect(page.locator(wanted)).to_be_in_viewport(ratio=1)
        page.context.close()


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_letters_twice_as_large_still_fit(
    playwright: Playwright, hospital: Hospital, lang: str
) -> None:
    """With the browser's own letter size doubled, as people with weak eyes set it."""
    settings = [*QUIET, "--blink-settings=defaultFontSize=32"]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=settings)
    screen = {"width": 390, "height": 844}
    with serving(hospital) as url:
        page = full_page(browser, hospital, url, lang, viewport=screen).page
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        assert page.evaluate(MISFITS) == []
        for wanted in (".urgent a >> nth=0", "#text", "#person", ".send"):
            expect(page.locator(wanted)).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.getElementById('scroll').clientHeight") >= 200
        page.context.close()
    browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(
    browser: Browser, hospital: Hospital, scheme: Literal["light", "dark"]
) -> None:
    with serving(hospital) as url:
        patient = full_page(browser, hospital, url, "zh-CN", color_scheme=scheme)
        patient.box.fill("痛" * 2001)
        contrasts = patient.page.evaluate(CONTRASTS)
        assert len(contrasts) > 30
        assert [found for found in contrasts if found[0] < 4.5] == []
        patient.page.context.close()


def test_a_screen_reader_hears_what_is_there(patient: Patient) -> None:
    patient.hospital.answers["挂号"] = [
        choice("您想挂哪个科?", ("内科", "dept:1")),
        {"text": "请马上拨打 120。", "kind": "emergency"},
    ]
    patient.open()
    patient.ask("挂号")
    expect(patient.bot).to_have_count(2)
    patient.wait_connected()
    page = patient.page
    expect(page.get_by_role("banner")).to_match_aria_snapshot("""
      - banner:
        - heading "明溪市第一医院 导医台" [level=1]
        - status: 已连接
        - navigation "语言 Language":
          - link "中文"
          - link "English"
        - region "紧急电话":
          - paragraph
          - list:
            - listitem:
              - link "拨打 120"
            - listitem:
              - link "拨打 0571-5550 0120"
    """)
    expect(page.get_by_role("main")).to_match_aria_snapshot("""
      - log "对话记录":
        - article:
          - paragraph: 您
          - paragraph: 挂号
          - paragraph:
            - time
        - article:
          - paragraph: 导医程序
          - paragraph: 您想挂哪个科?
          - group "可以直接选":
            - button "内科"
          - paragraph:
            - time
        - alert:
          - paragraph: 紧急提醒
          - paragraph:
            - text: 请马上拨打
            - link "120"
          - paragraph:
            - link "拨打 120"
    """)
    expect(page.get_by_role("form", name="写消息")).to_match_aria_snapshot("""
      - form "写消息":
        - button "转人工"
        - textbox "您的消息"
        - button "发送"
    """)
    expect(patient.log).to_have_attribute("aria-live", "polite")


def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(patient: Patient) -> None:
    patient.hospital.answers["挂号"] = [choice("您想挂哪个科?", ("内科", "dept:1"))]
    patient.asked("挂号")
    page = patient.page
    page.reload()
    expect(patient.bot).to_have_count(1)
    reached = []
    for _ in range(15):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            "[document.activeElement.innerText.trim() || document.activeElement.id,"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline == "solid", name
        reached.append(re.sub(r"\s.*", "", name, flags=re.DOTALL))
    assert reached[:5] == ["跳到输入框", "中文", "English", "120", "0571-5550"]
    assert reached[6:] == [
        *json.loads((PAGE / "words" / "zh-CN.json").read_text("utf-8"))["starters"],
        "清除这台设备上的对话",
        "内科",
        "转人工",
        "text",
        "发送",
    ]


def test_nothing_moves_for_those_who_asked(patient: Patient, context: BrowserContext) -> None:
    patient.hospital.delay = 0.5
    patient.open()
    patient.ask("您好")
    expect(patient.page.locator("#typing")).to_be_visible()
    assert patient.page.evaluate("document.getAnimations().length") == 0
    context.pages[0].emulate_media(reduced_motion="no-preference")
    assert patient.page.evaluate("document.getAnimations().length") > 0


def test_both_languages_have_every_word_the_page_uses() -> None:
    words = {
        lang: json.loads((PAGE / "words" / f"{lang}.json").read_text("utf-8"))
        for lang in ("zh-CN", "en")
    }
    assert words["zh-CN"].keys() == words["en"].keys()
    for key, sentence in words["zh-CN"].items():
        places = [re.findall(r"\{\w+\}", str(each)) for each in (sentence, words["en"][key])]
        assert places[0] == places[1], key
    template = (PAGE / "page.html.j2").read_text("utf-8")
    scripts = "".join(path.read_text("utf-8") for path in PAGE.glob("*.js"))
    used = set(re.findall(r"words\.(\w+)", template)) | set(re.findall(r'\bsay\("(\w+)"', scripts))
    made = {f"who_{who}" for who in ("patient", "bot", "staff")}
    made |= {f"kind_{kind}" for kind in ("emergency", "reminder", "notice")}
    assert words["en"].keys() - used - made - {"state_open", "state_ready"} == set()
    assert used <= words["en"].keys()


def test_the_page_has_no_inline_script_style_or_markup_sink() -> None:
    template = (PAGE / "page.html.j2").read_text("utf-8")
    assert (
        re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|\|\s*safe|https?://", template)
        == []
    )
    scripts = {path.name: path.read_text("utf-8") for path in PAGE.glob("*.js")}
    sinks = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser"
    )
    assert [name for name, text in scripts.items() if sinks.search(text)] == []
    assert [name for name, text in scripts.items() if text.count("\n") > 200] == []


def test_every_module_is_fetched_at_once(patient: Patient) -> None:
    """No module waits for another to name it: on a slow line each step would cost a second."""
    patient.open()
    links = patient.page.locator("link[rel=modulepreload]")
    named = links.evaluate_all("(nodes) => nodes.map((node) => node.href.split('/').pop())")
    assert sorted([*named, "chat.js"]) == sorted(path.name for path in PAGE.glob("*.js"))
