"""Whom a sentence means: the right one, or a question, never another person. Written by us, zero errors.

Each line: who writes it, what she writes, and what may come of it. A name: that member, or a question is
also harmless unless `!` demands the member; "?" several or unclear: nobody is taken without asking; "-"
nobody is named at all; "+" somebody who is not a member.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.people import Member
from bot.patients.relations import named, names_somebody


def member(
    number: int, name: str, relation: str, sex: str | None, *, minor: bool = False
) -> Member:
    return Member(number, number, name, relation, sex=sex, minor=minor)


WANG = member(1, "王丽", "self", "female")
MUM = member(2, "李桂兰", "parent", "female")
DAD = member(3, "王建国", "parent", "male")
SON = member(4, "张小宝", "child", "male", minor=True)
HUSBAND = member(5, "张三", "spouse", "male")
DAUGHTER = member(6, "张小雨", "child", "female", minor=True)
UNSAID = member(7, "赵铁柱", "other", "male")
ANN = member(11, "Ann Carter", "self", "female")
MARY = member(12, "Mary Lee", "parent", "female")
TOM = member(13, "Tom Carter", "child", "male", minor=True)
JOHN = member(14, "John Smith", "spouse", "male")
PAT = member(15, "Pat Lee", "parent", None)

FAMILIES = {
    "wang": (WANG, MUM, SON, HUSBAND),
    "two": (WANG, DAD, MUM, SON, DAUGHTER),
    "mum": (MUM,),
    "old": (UNSAID,),
    "ann": (ANN, MARY, TOM, JOHN),
    "pat": (ANN, PAT),
}

SENTENCES = """
wang | 给我妈挂个心内科的号 | !李桂兰
wang | 帮我妈约明天上午 | !李桂兰
wang | 俺娘血压高想看看 | !李桂兰
wang | 替老娘挂个号 | !李桂兰
wang | 我母亲要复查 | !李桂兰
wang | 妈妈头晕，帮我挂神经内科 | !李桂兰
wang | 给我挂我妈的号 | !李桂兰
wang | 取消我妈的预约 | !李桂兰
wang | 我妈的号帮我退了 | !李桂兰
wang | 把我妈的预约改到周五 | !李桂兰
wang | 给李桂兰挂周三下午 | !李桂兰
wang | 就诊人是李桂兰 | !李桂兰
wang | 我媽要看眼科 | !李桂兰
wang | 幫我媽掛號 | !李桂兰
wang | 給我婆婆掛號 | +
wang | 我妈眼睛不舒服，帮我挂眼科 | !李桂兰
wang | 我妈也要挂一个 | !李桂兰
wang | 是给我妈挂 | !李桂兰
wang | 不是给我挂，是给我妈挂 | !李桂兰
wang | 不是我妈，是我儿子 | !张小宝
wang | 给我妈李桂兰挂号 | !李桂兰
wang | 给我妈王秀英挂号 | +
wang | 给我妈挂号，给我也挂一个 | ?
wang | 我和我妈都要挂 | ?
wang | 给我跟我妈各挂一个 | ?
wang | 我妈让我来挂号 | ?
wang | 我妈说我该看皮肤科 | ?
wang | 陪我妈来过，这次给我挂 | ?
wang | 上次给我妈挂过，这次还是那个医生 | ?
wang | 我妈的同事要挂号 | ?
wang | 我妈的医生是谁 | ?
wang | 我妈她妈要看病 | +
wang | 我妈在你们医院上班，给我挂个号 | ?
wang | 给我婆婆挂号 | +
wang | 婆婆要看心内科 | +
wang | 帮我老公他妈挂号 | +
wang | 我老公的妈妈要住院 | +
wang | 给岳母约一下 | +
wang | 给公公挂个骨科 | +
wang | 丈母娘腿疼 | +
wang | 我后妈要看病 | +
wang | 给干妈挂号 | +
wang | 我姑妈要挂号 | +
wang | 给我二姨挂 | +
wang | 舅妈不舒服 | +
wang | 给我奶奶挂个号 | +
wang | 我姥姥要看眼睛 | +
wang | 给爷爷预约 | +
wang | 给我爸挂号 | +
wang | 给爸妈挂号 | +
wang | 我父母要体检 | +
wang | 给我自己挂 | !王丽
wang | 我自己看 | !王丽
wang | 给我挂个号 | !王丽
wang | 给我约明天上午的内科 | !王丽
wang | 本人要挂号 | !王丽
wang | 我头疼想挂号 | !王丽
wang | 我最近老是失眠，想看看 | !王丽
wang | 给王丽挂号 | !王丽
wang | 给我挂儿科 | ?
wang | 给我挂个小儿呼吸科 | ?
wang | 我想挂号 | -
wang | 帮我挂号 | -
wang | 我要预约 | -
wang | 明天上午有号吗 | -
wang | 帮我取消预约 | -
wang | 想看儿科 | -
wang | 王老师的号还有吗 | -
wang | 挂李明远主任的号 | -
wang | 我想约内科的专家 | -
wang | 儿科几点上班 | -
wang | 挂李桂兰医生的号 | -
wang | 挂张三的号 | ?
wang | 给我儿子挂号 | !张小宝
wang | 儿子发烧了 | !张小宝
wang | 我儿子今天咳嗽 | !张小宝
wang | 给孩子挂儿科 | !张小宝
wang | 娃不舒服 | !张小宝
wang | 宝宝发烧39度 | !张小宝
wang | 给小宝挂号 | !张小宝
wang | 给张小宝约周六 | !张小宝
wang | 小宝咳嗽 | !张小宝
wang | 我家孩子要看牙 | !张小宝
wang | 李小宝要挂号 | ?
wang | 给李小宝挂号 | +
wang | 给我儿子李小明挂号 | +
wang | 我闺女要挂号 | +
wang | 给女儿约 | +
wang | 给我大儿子挂 | ?
wang | 老二发烧了 | ?
wang | 给我小儿子约一下 | ?
wang | 我儿子的同学要挂号 | ?
wang | 我儿子的老师要挂号 | ?
wang | 我儿子说我该来看看 | ?
wang | 孩子他爸要挂号 | ?
wang | 孩子他奶奶要看病 | +
wang | 孩子的爸爸腰疼 | ?
wang | 给我儿媳妇挂产科 | +
wang | 我孙子发烧 | +
wang | 侄子要看病 | +
wang | 给我外甥女约个号 | +
wang | 给我干儿子挂 | +
wang | 给我老公挂 | !张三
wang | 爱人要看牙 | !张三
wang | 我丈夫胸口不舒服 | !张三
wang | 给张三挂号 | !张三
wang | 张三要看骨科 | !张三
wang | 给张三丰挂号 | +
wang | 张三丰要挂号 | ?
wang | 给小张三挂号 | +
wang | 给李四挂号 | +
wang | 帮王小明约个号 | +
wang | 我老婆怀孕了 | +
wang | 媳妇怀孕了挂产科 | +
wang | 我前夫要挂号 | +
wang | 我老公帮我约的，给我改一下 | ?
wang | 我老公不在家，给我挂 | ?
wang | 给我男朋友挂号 | +
wang | 给他挂号 | +
wang | 她要看妇科 | ?
wang | 给她约一下 | +
wang | 给朋友挂号 | +
wang | 帮同事约个号 | +
wang | 给我家保姆挂号 | +
wang | 给家里老人挂 | +
wang | 老人家要看病 | +
wang | 老爷子腿疼 | +
wang | 给我们全家挂 | +
wang | 给我俩挂号 | +
wang | 除了我妈都改到周五 | ?
wang | 别给我妈挂了 | ?
wang | 不给我儿子挂，给我挂 | !王丽
wang | 像我妈那样挂个专家号 | ?
wang | 如果给我妈挂要带什么 | ?
wang | 我妈要我来挂个号 | ?
wang | 我妈想让我去看看 | ?
wang | 跟我妈一样挂周三 | ?
wang | 给我妈挂号还是给我儿子挂号 | ?
wang | 李桂兰和张小宝都要挂 | ?
wang | 给我姐挂号 | +
wang | 我弟要看牙 | +
wang | 给嫂子约产检 | +
wang | 我小姑子要挂号 | +
two | 给我妈挂 | !李桂兰
two | 给我爸挂 | !王建国
two | 老爸要看骨科 | !王建国
two | 俺爹腰疼 | !王建国
two | 给孩子挂号 | ?
two | 给娃约儿科 | ?
two | 给儿子挂 | !张小宝
two | 闺女发烧了 | !张小雨
two | 姑娘咳嗽 | !张小雨
two | 小雨咳嗽 | !张小雨
two | 两个孩子都发烧 | ?
two | 给爸妈各挂一个 | ?
two | 我老公要看病 | +
two | 给我儿子和女儿挂号 | ?
two | 给我爸，不，给我妈挂 | ?
mum | 给我挂个号 | ?
mum | 我自己要看 | ?
mum | 我头疼 | ?
mum | 给我儿子挂 | +
mum | 给我妈挂 | !李桂兰
mum | 给我爸挂 | +
mum | 我想挂号 | -
old | 给我挂号 | ?
old | 给我爸挂号 | ?
old | 给铁柱挂号 | !赵铁柱
old | 给赵铁柱挂 | !赵铁柱
ann | I'd like to book for my mum | !Mary Lee
ann | book my mother in for Monday | !Mary Lee
ann | my mom has a sore knee | !Mary Lee
ann | cancel my mother's appointment | !Mary Lee
ann | my mother-in-law needs a cardiologist | +
ann | an appointment for my mum-in-law | +
ann | my husband's mother needs an appointment | +
ann | my mum's friend needs a doctor | ?
ann | my mum told me to see a doctor | ?
ann | my mum says I should get my skin checked | ?
ann | for me please | !Ann Carter
ann | it's for myself | !Ann Carter
ann | book me an appointment with Dr Li | !Ann Carter
ann | I have a headache | !Ann Carter
ann | for me and my son | ?
ann | not for me, for my son | !Tom Carter
ann | not my son, my husband needs it | !John Smith
ann | my son has a fever | !Tom Carter
ann | my kid is coughing | !Tom Carter
ann | book Tom in tomorrow | !Tom Carter
ann | for Tom Carter please | !Tom Carter
ann | for Tom Brown | +
ann | for Tommy | +
ann | my older son | ?
ann | my daughter needs a dentist | +
ann | my grandson has a fever | +
ann | for my stepson | +
ann | my kids need vaccinations | +
ann | my husband wants a check-up | !John Smith
ann | for my wife | +
ann | my ex-husband | +
ann | my husband booked this, please change it for me | ?
ann | for John | !John Smith
ann | see Dr John Smith | -
ann | for my dad | +
ann | my parents need a check-up | +
ann | for my sister | +
ann | my brother hurt his knee | +
ann | for my friend Mary Lee | ?
ann | for her | +
ann | book him in | +
ann | someone else | +
ann | I need an appointment | -
ann | give me an appointment for Monday | -
ann | an appointment for Cardiology | -
ann | can I see a doctor tomorrow | -
ann | for my grandmother | +
ann | my son's teacher needs a doctor | ?
ann | with my mum | ?
ann | like my mum had last time | ?
ann | book my mum and my son | ?
ann | for my child's father | ?
ann | my partner needs an eye test | !John Smith
pat | my mum needs an appointment | ?
pat | my dad needs an appointment | ?
pat | for Pat | !Pat Lee
"""
CASES = [tuple(part.strip() for part in line.split("|")) for line in SENTENCES.split("\n") if line]


@pytest.mark.parametrize(("family", "text", "wanted"), CASES)
def test_nobody_is_taken_for_somebody_else(family: str, text: str, wanted: str) -> None:
    members = FAMILIES[family]
    found = [m.name for m in named(text, members)]
    asks = len(found) > 1 or (not found and names_somebody(text))
    if wanted.startswith("!"):
        assert found == [wanted[1:]]
    elif wanted == "-":
        assert not found
        assert not names_somebody(text)
    elif wanted == "+":
        assert found == []
        assert names_somebody(text)
    else:
        assert asks, found


_ZH = "给 帮 我 妈 我妈 婆婆 挂号 不是 儿子 同事 的 ， 张三 小宝 李 丰 老公 他 说 挂 医生"
_EN = "for |my |mum| not |'s |friend |son |John "
_WORDS = st.sampled_from((*_ZH.split(), *_EN.split("|")))


@given(st.lists(_WORDS, max_size=8).map("".join))
def test_any_sentence_is_read_and_one_member_is_only_named_where_somebody_is(text: str) -> None:
    for members in FAMILIES.values():
        found = named(text, members)
        assert set(found) <= set(members)
        if len(found) == 1:
            called = found[0].name in text or found[0].name[1:] in text
            called = called or found[0].name.split()[0] in text
            assert names_somebody(text) or called
        assert not (
            "婆婆" in text and any(m.relation == "parent" for m in found) and len(found) == 1
        )


def test_the_set_is_large_and_speaks_both_languages() -> None:
    assert len(CASES) >= 150
    assert sum(text.isascii() for _, text, _ in CASES) >= 40
