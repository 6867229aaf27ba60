"""Lines that stand among the text of an article and are none of it: disclaimers, hot lines, calls to share."""

import re

_LINE = re.compile(
    r"""^[\s\u3000【\[（(©■●*※>]*(?:
      本网站?所刊载|刊用本网|未经授权|版权声明|版权所有|免责声明|特别声明|郑重声明|声明\s*[】\]：:]|凡注有|凡本网|凡来源|转载请注明|如需转载|以上内容|
      (?:本报|本网)?(?:新闻|爆料|投诉|举报|服务|报料)?(?:热线|电话)(?:电话)?\s*[:：]|联系(?:电话|方式)\s*[:：]|(?:投稿|电子|联系|举报)?(?:邮箱|信箱|邮件)\s*[:：]|
      [Ee]-?mail\s*[:：]|QQ群?\s*[:：]|Copyright|©|[^，。]{0,4}ICP[备证]|网上传播视听|互联网新闻信息服务|违法和不良信息|京公网安备|总机\s*[:：]|
      更多精彩|更多内容|更多新闻|扫一扫|扫码|长按|识别二维码|(?:请|欢迎|敬请)?关注[^，。]{0,20}(?:公众号|微信|微博|客户端)|下载[^，。]{0,12}(?:客户端|APP)|
      分享(?:到|至|文章)|参与互动|我要评论|参与评论|网友评论|发表评论|上一[篇页条]\s*[:：]?|下一[篇页条]\s*[:：]?|返回(?:首页|顶部|列表|上一页)|
      打印(?:本文|本页|此页)?(?:$|[】\]\s|])|关闭(?:窗口|本页)?(?:$|[】\]\s|])|收藏(?:本文|$)|字号\s*[:：]|字体\s*[:：]|【?大】?\s*【?中】?\s*【?小】?\s*$|
      您的位置|您(?:现在)?所在的?位置|当前位置|所在位置|点击(?:进入|查看|阅读|下载|图片)|视频加载中|正在加载|加载中|您的浏览器|浏览器不支持|阅读原文|查看原文|
      [（(]?原标题\s*[:：]|注\s*[:：]\s*请在转载|[—\-–]*\s?END\s?[—\-–]*\s*$|(?:本文|文章)?(?:标签|关键[词字])\s*[:：]|[（(]?(?:本文|文章|以上)(?:仅|只|纯属)?代表作者|
      建议使用[^。]{0,24}(?:分辨率|浏览器)|责任编辑\s*[:：]?\s*$|编辑\s*[:：]\s*$|来源\s*[:：]\s*$|【?广告】?\s*$|点赞|返回搜狐|热搜
    )""",
    re.VERBOSE,
)
# The numbers and words of a pager, with a word for a page or a number in brackets.
_PAGER = re.compile(
    # The first character tells most lines of text from pagers before the line is looked through.
    r"(?=[上下前后首尾末页共第本\d\s\u3000\[\]【】()（）<>＜＞«»‹›|/…·.])"
    r"(?=.*(?:页|[\[【]\s*\d+\s*[\]】]))(?:[上下前后首尾末]一?页|[共第]\s*+\d++\s*+页|本页|\d++|[\s\u3000\[\]【】()（）<>＜＞«»‹›|/…·.]++)++"
)
# 首页 | 国内 | 国际
_MENU = re.compile(r"[^\s|｜，。]{2,6}(?:[\s\u3000]*[|｜][\s\u3000]*[^\s|｜，。]{2,6}){2,}")
_RELATED = re.compile(
    r"^[\s\u3000【\[]*(?:相关(?:新闻|阅读|报道|链接|推荐|文章|专题|内容|稿件)|延伸阅读|推荐阅读|拓展阅读|扩展阅读|更多(?:新闻|阅读|推荐)|热门(?:新闻|推荐|文章|阅读)|猜你喜欢|"
    r"往期(?:回顾|推荐)|为您推荐|精彩推荐|编辑推荐|今日推荐|新闻精选|.{0,6}新闻精选|相关专题)\s*[:：>》】\]]*$"
)
_MASTHEAD = re.compile(r"(?:来\s?源|发布时间|发布日期|字号|点击|浏览|责任编辑|作者)\s*[:：]|参与互动|字体")
_ONLY_TIME = re.compile(
    r"^[\s\u3000]*(?:发布时间|发布日期|时间|日期)?\s*[:：]?\s*(?:19|20)\d\d[-/年.]\d{1,2}[-/月.]\d{1,2}日?[\s\u3000]*(?:\d{1,2}[:：时]\d{1,2}(?:[:：分]\d{1,2})?[分秒]?)?[\s\u3000]*$"
)
_DAY = re.compile(r"(?:19|20)\d\d\s?[-/年.]\s?\d{1,2}\s?[-/月.]\s?\d{1,2}")
_LONGEST_LINE = 160
LONGEST_MASTHEAD = 100
_LONGEST_PAGER = 60


def is_furniture(line: str) -> bool:
    """Tell whether a line of the body is a notice or a control of the page."""
    if len(line) <= _LONGEST_PAGER and (_PAGER.fullmatch(line) or _MENU.fullmatch(line)):
        return True
    return len(line) <= _LONGEST_LINE and bool(_LINE.match(line))


def opens_related(line: str) -> bool:
    """Tell whether a line is the heading of a list of other articles."""
    return len(line) <= 20 and bool(_RELATED.match(line))


def is_masthead(line: str) -> bool:
    """Tell whether a line is the one under the headline: the time, with the source, or alone."""
    return len(line) <= LONGEST_MASTHEAD and bool(
        _ONLY_TIME.match(line) or (_DAY.search(line) and _MASTHEAD.search(line))
    )
