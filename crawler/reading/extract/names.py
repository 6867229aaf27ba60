"""Names of people: what a Chinese name looks like, and where it ends when a title is glued to it."""

import re

from crawler.reading.extract.wording import HAN

SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆"
    "范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文施洪季庞殷翟安"
    "颜倪俞樊葛申左詹毕牛耿岳焦关齐辛聂柴阮舒祝温傅古游梅章柳简符冉阳鲁尚凌祁滕路费章柯宁霍欧房甘盛童解栾裴蓝桑苗占"
    "纪欧阳丛管佘计包单缪苟桂卜席柏井闵屈项喻娄米褚华卫应边车仇喜艾麦练昝蒙卓靳修巩鲍蒲邬冷敖宗庄臧鄢连池储全帅尤花"
    "戚窦晏柴明迟岑司相郎查楚苑初时匡匙厉郁胥涂蔺谷晋娜瞿牟官鹿燕强宫竺穆原班亓伍隋邢但仝木干巫车党冀伏位艳荆都晁索乌"
    "張劉陳楊黃趙吳孫馬鄭謝許韓鄧馮蕭蔣葉魏蘇呂盧鍾譚陸範韋賈鄒龔邵萬錢戴嚴喬賴顏龐齊聶傅遊簡魯單繆婁衛應邊車仇"
    "貢贡南阿尼次多拉扎丹旦格仁泽洛措孜热买艾努古吐木依巴斯乌其布那"
    "奚酆廉乐卞萧湛禹狄谈茅麻刁骆虞裘宣贲杭诸吉钮嵇荣翁荀甄曲封芮汲邴糜隗宓郗仲伊戎祖景郜蓟郦邰鄂屠闻莘逄姬雍濮扈郏阎茹宦戈庾"
    "暨衡寇阙蔚訾阚饶沙鞠丰巢蒯逯盖桓閻饒駱榮諸虞佟谌逄邸敬粟冼郗逯蒙苍尧"
)
# Surnames of the Hundred Family Surnames and others that are common words, too: they count behind a label only.
_RARE_SURNAMES = frozenset(
    "权同水云昌凤皮元平和贝成路危支管经滑羊於惠家羿富弓牧山蓬仰秋暴钭束幸韶薄印宿怀从咸籍阴能双劳扶堵宰寿通浦农别充慕习鱼容慎终"
    "居步满弘国广禄东殳沃利越夔隆师厍勾融空毋乜养须后红益佴仉海帖问续抗秘撒庹檀揭矫呼哈朴英巨折智尉雒肇战铁由回拜保线闪亢普者信化才药"
    "權雲鳳貝滿國廣祿東師"
)
_DOUBLE = (
    "欧阳",
    "司马",
    "上官",
    "诸葛",
    "司徒",
    "东方",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "令狐",
    "长孙",
    "夏侯",
    "端木",
    "鲜于",
    "闻人",
    "宇文",
    "呼延",
    "赫连",
    "澹台",
    "淳于",
    "申屠",
    "南宫",
    "西门",
    "钟离",
    "濮阳",
    "轩辕",
    "纳兰",
    "歐陽",
)

_DOT = "·・•‧."
# Two to four characters, or parts joined by a dot (阿卜杜拉·买买提), or a foreign name in Latin letters.
_NAME = re.compile(
    rf"[{HAN}]{{2,4}}|[{HAN}]{{1,6}}(?:[{_DOT}][{HAN}]{{1,7}})+|[A-Z][A-Za-z.'’-]+(?: [A-Z][A-Za-z.'’-]+){{1,3}}"
)
_LONG_NAME = re.compile(rf"[{HAN}]{{2,7}}")
# Words that stand where a name may stand, and parts of words that no name has.
_NO_NAME = re.compile(
    r"报道|报导|综合|消息|记者|编辑|通讯|图文|文图|视频|完|待续|特稿|特写|专访|专电|快讯|简称|下称|下同|以下|资料|来源|新闻|实习|作者|摄影|供图|提供|"
    r"截图|直播|评论|讯|译|整理|校对|审核|中新|新华|人民|日报|晚报|网|公司|大学|学院|中心|协会|委员|部门|政府|本报|本网|佚名|未知|匿名|管理员|小编|为主|其中|原题|标题|"
    r"主持|发自|个人|观点|[省市县区]$|"
    # A day or a month, but not 池映月 or 张鹤年.
    r"^(?:[今昨近当次前每本去同上下半]|上半|下半|明(?=[年日]))[年月日]|[一二三四五六七八九十〇零\d]+[年月日]|"
    r"集团|银行|医院|法院|警方|北京|上海|中国"
)
_TITLES = (
    "教授|研究员|研究生|院长|主任|博士|硕士|委员|书记|所长|学者|专家|评论员|会长|校长|部长|局长|处长|秘书长|理事长|董事长|总裁|总经理|经理|"
    "工程师|律师|院士|讲师|教师|医师|编审|顾问|站长|台长|社长|总编辑|主编|代表|成员|作家|诗人|画家|学生|会员|负责人|工作者|观察员|"
    "大学|学院|研究院|研究所|研究中心|研究室|党校|委员会|协会|学会|公司|集团|局|厅|院|馆|社|报|网|台|办公室|中心|部"
)
_TITLED = re.compile(rf"(?:{_TITLES})$")
_AFTER_TITLE = re.compile(
    rf"(?:教授|研究员|院长|主任|博士|委员|书记|所长|学者|专家|评论员|会长|校长|律师|院士|讲师)(?P<name>[{HAN}]{{2,4}})$"
)
# How the names of institutions begin: countries, provinces, cities with universities, and well-known names.
_INSTITUTION = re.compile(
    "中国|中共|中央|中华|国家|国务院|全国|北京|上海|天津|重庆|河北|山西|内蒙古|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|广西|"
    "海南|四川|贵州|云南|西藏|陕西|甘肃|青海|宁夏|新疆|香港|澳门|台湾|首都|清华|复旦|南开|同济|浙大|北大|人大|武汉|南京|西安|广州|深圳|厦门|大连|"
    "兰州|郑州|苏州|扬州|杭州|宁波|温州|徐州|青岛|济南|成都|昆明|贵阳|南昌|合肥|长沙|长春|沈阳|哈尔滨|太原|石家庄|呼和浩特|乌鲁木齐|银川|西宁|拉萨|"
    "海口|福州|南宁|桂林|珠海|汕头|东莞|佛山|暨南|中山|华东|华南|华中|华北|东北|东南|西南|西北|对外经济|外交学院|人民|新华|解放军|国防|军事|"
    "美国|英国|日本|德国|法国|俄罗斯|新加坡|哈佛|剑桥|牛津|联合国|世界|国际|亚洲|欧洲|清华大学|本报|本网|某"
)
# Between the words of a foreign name; stands for the space while the names are parted.
_LATIN_SPACE = re.compile(r"(?<=[A-Za-z.]) (?=[A-Z])")
_JOINT = "_"
# 和 parts two names, and is a part of names, too: 王和平.
SEPARATORS = re.compile(rf"[\s\u3000、，,;；/／|&]+|(?<=[{HAN}]{{2}})和(?=[{HAN}]{{2}})")


def is_name(word: str) -> bool:
    """Tell whether the word has the shape of a person's name."""
    return bool(_NAME.fullmatch(word)) and not _NO_NAME.search(word)


def is_labelled_name(word: str) -> bool:
    """Tell whether a word that a label (记者, 作者) announces as a name can be one; longer names of minorities pass."""
    return (bool(_NAME.fullmatch(word)) or bool(_LONG_NAME.fullmatch(word))) and not _NO_NAME.search(word)


def has_surname(word: str) -> bool:
    """Tell whether the word begins with a Chinese surname."""
    return word[:1] in SURNAMES or word.startswith(_DOUBLE)


def has_rare_surname(word: str) -> bool:
    """Tell whether a word of three characters begins with a surname that is a common word, too (权海山, but not 回应).

    A label must announce the name.
    """
    return len(word) == 3 and word[0] in _RARE_SURNAMES


def split_names(text: str) -> list[str]:
    """Return the words of a list of names; single characters that stand apart (王  远) are one name."""
    text = text.strip()
    joined = _LATIN_SPACE.sub(_JOINT, text) if " " in text else text
    words = [word.replace(_JOINT, " ") for word in SEPARATORS.split(joined) if word]
    names: list[str] = []
    for word in words:
        if len(word) == 1 and names and len(names[-1]) == 1:
            names[-1] += word
        else:
            names.append(word)
    return names


def name_before_title(word: str) -> str | None:
    """Return the name at the head of a word that goes on with an institution or a title (方敏北京大学教授), else None.

    The name ends where the name of an institution begins. Where no known one begins, the end cannot be told.
    """
    if not _TITLED.search(word):
        return None
    lengths = (3, 4, 2) if word.startswith(_DOUBLE) else (2, 3, 4)
    for length in lengths:
        if _INSTITUTION.match(word, length) and has_surname(word):
            return word[:length]
    return None


def is_titled(word: str) -> bool:
    """Tell whether the word is an institution or a title, such as 北京大学经济学院教授."""
    return len(word) > 2 and bool(_TITLED.search(word))


def name_after_title(word: str) -> str | None:
    """Return the name at the end of a word that begins with a title (北京大学教授方敏), else None."""
    match = _AFTER_TITLE.search(word)
    return match["name"] if match and has_surname(match["name"]) else None
