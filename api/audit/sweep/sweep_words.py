"""The sentences of a sweep's report, each in one place, in English and Chinese. Pure.

Rules kept here:

* Every sentence of the report's frame has a key here, in both languages with the same ``{names}``.
* A line's sentence asserts nothing by itself: ``held``, ``failed`` or ``not told`` stands before it. In English it
  begins with *that*.
* What a single finding says stands where it is found, behind its code; its Chinese is in ``said_zh_swept``.
"""

from __future__ import annotations

from datetime import UTC, datetime

from counterfoil.api.audit.verification.report_words import LANGUAGES
from counterfoil.api.audit.verification.said import said_in

_WORDS: dict[str, tuple[str, str]] = {
    # What a report is made of.
    "asked": ("What was asked", "查询内容"),
    "verdict": ("Verdict", "结论"),
    "lines": ("What was checked", "已核对"),
    "unseen": ("What was not looked at, and how to look", "未核对的内容与核对方法"),
    # What was asked.
    "chain": ("chain", "链"),
    "deployment": ("deployment", "部署"),
    "node": ("node asked", "所查询的节点"),
    "block": ("newest block", "最新区块"),
    "block.value": ("{number:,}, {moment}, {hash}", "{number:,}，{moment}，{hash}"),
    "depth": ("blocks above it", "其上须有的区块数"),
    "log": ("log", "日志"),
    "log.value": ("{where}: {records} read", "{where}，已读取 {records}"),
    "log.before": (
        "{records} of them verified by an earlier run ({state})",
        "其中 {records} 条由先前一次核查核对（{state}）",
    ),
    "facts": ("facts given", "所给的事实清单"),
    "facts.none": ("none", "无"),
    "facts.value": ("{files} in {folder}", "{folder} 中的 {files}"),
    "facts.bundle": (
        "those of {distributions} in the bundle {file}",
        "证据包 {file} 中 {distributions}的事实清单",
    ),
    "statements": ("bank's statements given", "所给的银行对账单"),
    "statements.value": ("{files} in {folder}", "{folder} 中的 {files}"),
    "passed_over": ("passed over in {folder}: {names}", "{folder} 中略过的文件：{names}"),
    "projects": ("projects named", "所指明的项目"),
    "at_least": ("signatures asked for", "所要求的签名数"),
    "at_least.value": ("{number} or more of each head", "每个日志头至少 {number} 个"),
    "date": ("date of the sweep", "核查时间"),
    "date.value": ("{moment}, by this computer's clock", "{moment}，按本机时钟"),
    "program": ("verified by", "核对程序"),
    # The verdict.
    "valid": (
        ("valid: nothing that was checked is false, and nothing that the checks need is missing"),
        "有效（valid）：已核对的内容均无虚假，核对所需的材料齐全",
    ),
    "invalid": (
        "invalid: something is false ({findings})",
        "无效（invalid）：有虚假（{findings}）",
    ),
    "unverifiable": (
        (
            "unverifiable: not everything could be told, because what is needed is missing ("
            "{findings})"
        ),
        "无法核实（unverifiable）：缺少所需材料，部分内容无法判断（{findings}）",
    ),
    "name.valid": ("valid", "有效"),
    "name.invalid": ("invalid", "无效"),
    "name.unverifiable": ("unverifiable", "无法核实"),
    "last": ("{verdict}", "{name}（{verdict}）"),
    # The states of a line.
    "held": ("held", "成立"),
    "failed": ("failed", "不成立"),
    "not_told": ("not told", "无法判断"),
    # What was checked.
    "line.records": (
        "that {records} are signed with registered keys and numbered without a gap",
        "{records}均由已登记的密钥签名，且序号无缺",
    ),
    "line.records.short": ("; looked at: the first {read:,}", "；已核对前 {read:,} 条"),
    "machines": ("{records} of {machines}", "{machines}的 {records}"),
    "line.heads": (
        "that root, state and figures of {heads} on chain follow from the records",
        "链上 {heads}的根、状态与数字均与记录相符",
    ),
    "line.heads.short": ("; looked at: the first {read:,}", "；已核对前 {read:,} 个"),
    "line.signers": (
        "that each of {heads} had to be signed by {at_least} or more",
        "{heads}均须有至少 {at_least} 个签名",
    ),
    "line.gossip": (
        "that {heads} that machines were shown are beginnings of this log",
        "机器所见的 {heads}均为本日志的开头部分",
    ),
    "line.splits": (
        "that what {distributions} paid is what the terms on chain come to, to the minor unit",
        "{distributions}所付金额与链上条款的计算结果一致，精确到最小单位",
    ),
    "line.facts": (
        (
            "that {distributions} shared out sales and refunds of the log, each once, of its day "
            "and project"
        ),
        "{distributions}所分配的销售与退款均在日志中，各只一次，且日期与项目相符",
    ),
    "line.facts.missing": (
        "; the facts of {missing:,} of them are not here (--facts, --bundle)",
        "；其中 {missing:,} 次的事实清单不在此处（--facts、--bundle）",
    ),
    "line.balances": (
        "that balances and supply on chain are what its events add up to",
        "链上余额与发行总量同链上事件的合计一致",
    ),
    "line.mints": (
        "that {mints} of {amount} in all stand in the bank's statements that were given",
        "{mints}（合计 {amount}）均载于所给的银行对账单",
    ),
    "more": ("and {number:,} more (--json has all)", "另有 {number:,} 项（--json 载有全部）"),
    # Below the line of the signers, and below that of the facts.
    "quorum": (
        "{heads} under a quorum of {threshold} of {signers}, since block {block:,}",
        "{heads}：自区块 {block:,} 起，须由以下签名方中的 {threshold} 方签名：{signers}",
    ),
    "shared.all": (
        "every sale and refund under {head} was shared out",
        "{head}之下的销售与退款均已分配",
    ),
    "shared.all.read": (
        "every sale and refund that could be read under {head} was shared out",
        "{head}之下凡可读取的销售与退款均已分配",
    ),
    "shared.not": (
        "anchored and not shared out: {sales} and {refunds}",
        "已锚定而未分配：{sales}、{refunds}",
    ),
    "shared.untold": (
        (
            "{sales} and {refunds} are in no distribution whose facts are here; whether {missing} "
            "shared them out can't be told, nor what was never shared out"
        ),
        (
            "{sales}、{refunds}不在此处事实清单所载的任何分配中；{missing}是否涵盖它们，无法判断，"
            "哪些从未分配亦无从得知"
        ),
    ),
    "shared.untold.none": (
        "each sale and refund under {head} is in a distribution whose facts are here",
        "{head}之下的销售与退款均载于此处事实清单所示的分配中",
    ),
    "head": ("the newest head", "最新日志头"),
    "head.read": ("the newest head that the log reaches", "日志所及的最新日志头"),
    "row": (
        (
            "{date} {project}: {sales}, {refunds}, sales less refunds {amount}, from record "
            "{first:,} on"
        ),
        "{date} {project}：{sales}、{refunds}，销售减退款 {amount}，自记录 {first} 起",
    ),
    "row.repudiated": (", {number:,} of them repudiated", "，其中 {number:,} 条已被否认"),
    "row.no_project": ("no project", "无项目"),
    # What was not looked at, and how to look.
    "unseen.records": (
        (
            "{records} behind the end of the log that was given: read the log from another "
            "place, or copy it anew"
        ),
        "所给日志末端之后的 {records}：请从他处读取日志，或重新复制",
    ),
    "unseen.facts": (
        (
            "which sales {missing} shared out: give the facts, as `counterfoil audit facts` "
            "writes them (--facts), or bundles that hold them (--bundle)"
        ),
        (
            "{missing}涵盖哪些销售：请提供 `counterfoil audit facts` 写出的事实清单（--facts）"
            "，或含有事实清单的证据包（--bundle）"
        ),
    ),
    "unseen.mints": (
        (
            "whether the bank received what {mints} of {amount} in all stand for: give the "
            "bank's own camt.053 statements (--statements)"
        ),
        (
            "{mints}（合计 {amount}）所对应的款项银行是否确已收到：请提供取自银行的 camt.053 对账"
            "单（--statements）"
        ),
    ),
    "unseen.later": (
        "records that were not under a head by block {block:,} ({moment}): sweep again later",
        "截至区块 {block:,}（{moment}）尚未归入日志头的记录：请日后再次核查",
    ),
    "unseen.certificates": (
        (
            "who certified the machines' keys, and whether a certificate was revoked: the sweep takes "
            "no root and believes the registrar; `counterfoil audit verify` of a machine's bundle with "
            "--root-ca"
        ),
        (
            "机器的密钥由谁认证、证书是否已被吊销：本核查不用根证书，采信登记方的登记；"
            "请用 `counterfoil audit verify` 加 --root-ca 核对各机器的证据包"
        ),
    ),
    "unseen.dated": (
        (
            "whether a record is dated before its machine's key was registered: "
            "`counterfoil audit verify`"
        ),
        "记录的日期是否早于其机器密钥的登记：请用 `counterfoil audit verify` 核对",
    ),
    "unseen.accounts": (
        (
            "whose the accounts are: the chain has addresses and no names, and a name is the platform's word. "
            "Compare each address with what its party tells you itself"
        ),
        "各账户属于谁：链上只有地址而无名称，名称仅为平台所述。请将每个地址与该方自己告知您的比对",
    ),
    "unseen.clock": (
        (
            "whether the machines' clocks were right: compare dates with statements and delivery "
            "notes"
        ),
        "机器的时钟是否准确：请将日期与对账单、送货单比对",
    ),
    "unseen.events": (
        (
            "whether what the machines signed took place: compare with the bank's and the "
            "payment provider's statements"
        ),
        "机器所签事件是否真实发生：请与银行和支付机构的对账单比对",
    ),
    "unseen.reasons": (
        ("why a sale was not shared out: ask the oracle's operators for the reason that was given"),
        "销售为何未分配：请向预言机运营方索取所给的理由",
    ),
    "unseen.witnesses": (
        (
            "whether others are shown the same log: `counterfoil witness compare` with what a "
            "witness saw"
        ),
        "他人所见日志是否相同：请以 `counterfoil witness compare` 与见证方所见比对",
    ),
    "unseen.node": (
        (
            "whether others are shown the same chain: compare the newest block's number and hash "
            "with another member's node"
        ),
        "他人所见的链是否相同：请将最新区块的高度与哈希同另一成员的节点比对",
    ),
    "unseen.deployment": (
        (
            "whether these contracts are the consortium's: compare the deployment's hash with "
            "what several members tell you (`counterfoil audit deployment`)"
        ),
        (
            "这些合约是否属于联盟：请将部署的哈希与多个成员所告知者比对（"
            "`counterfoil audit deployment`）"
        ),
    ),
    "unseen.contracts": (
        (
            "receivables, credit lines, warehouse receipts and shares: the sweep reads "
            "{contracts} alone; read the others' events on your node"
        ),
        (
            "应收账款、授信额度、仓单与项目份额：本核查只读取 {contracts}；其余合约的事件请在自有"
            "节点上查阅"
        ),
    ),
    "missing": ("the {distributions} without facts", "没有事实清单的 {distributions}"),
    # A line of a section, a line of what was checked, and what was found.
    "row.line": ("{name}: {value}", "{name}：{value}"),
    "line": ("{number}. {state}: {text}", "{number}. {state}：{text}"),
    "finding.line": ("{code}: {where}: {detail}", "{code}：{where}：{detail}"),
}


def word(language: str, key: str, **values: object) -> str:
    """Return the sentence of *key* in *language*, its ``{names}`` filled in: numbers, texts or what is ``Said``."""
    text = _WORDS[key][LANGUAGES.index(language)]
    said = {n: one if isinstance(one, int) else said_in(language, one) for n, one in values.items()}
    return text.format(**said) if said else text


def keys() -> list[str]:
    """Return all keys."""
    return list(_WORDS)


def date_text(date: int) -> str:
    """Return a business date, YYYYMMDD, as YYYY-MM-DD."""
    return f"{date // 10_000:04}-{date // 100 % 100:02}-{date % 100:02}"


def moment(time_s: float) -> str:
    """Return a time as a UTC date and time, to the second."""
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S}Z"
