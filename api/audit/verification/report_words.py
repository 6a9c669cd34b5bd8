"""The words of a report, in English and Chinese. Pure.

Rules kept here:

* Every text of a report's frame has a key here, in both languages with the same ``{names}``; a test compares them.
* What a step checked and what it found stands in ``said_zh_*``, by its English.
"""

from __future__ import annotations

LANGUAGES = ("en", "zh")

_WORDS: dict[str, tuple[str, str]] = {
    # What a report is made of.
    "asked": ("What was asked", "查询内容"),
    "verdict": ("Verdict", "结论"),
    "sure": ("How sure", "可信程度"),
    "figures": ("Figures of the period", "期间数字"),
    "steps": ("What was checked", "已核对"),
    "unseen": ("What was not looked at, and how to look", "未核对的内容与核对方法"),
    "shares": ("How the period's revenue was shared out", "期间收入的分配"),
    # What was asked.
    "wanted": ("you named", "您所指定"),
    "wanted.days": ("{first} to {last} (UTC)", "{first} 至 {last}（UTC）"),
    "wanted.nothing": ("no device and no days", "未指定设备与日期"),
    "file": ("file", "文件"),
    "file.value": ("{name}, {size} bytes", "{name}，{size} 字节"),
    "sha256": ("SHA-256", "SHA-256"),
    "device": ("device of the file", "文件所载设备"),
    "period": ("period of the file", "文件所载期间"),
    "period.value": (
        "{first} to {until}, by the device's own clock",
        "{first} 至 {until}，按设备自身时钟",
    ),
    "project": ("project", "项目"),
    "project.none": ("none", "无"),
    "made": ("file made", "文件生成时间"),
    "made.value": ("{moment}, by its maker's clock", "{moment}，按制作者时钟"),
    "root": ("root believed", "所信任的根证书"),
    "deployment": ("deployment pinned", "所固定的部署"),
    "root.platform": ("root (the platform's own)", "根证书（平台自有）"),
    "deployment.platform": ("deployment (the platform's own)", "部署（平台自有）"),
    "deployment.none": ("none", "无"),
    "program": ("verified by", "核对程序"),
    "program.value": (
        "{program}, {moment} by this machine's clock",
        "{program}，本机时间 {moment}",
    ),
    # The verdict.
    "valid": (
        "valid: nothing that was checked is false, and nothing that the checks need is missing",
        "有效（valid）：已核对的内容均无虚假，核对所需的材料齐全",
    ),
    "valid.alone": (
        (
            "valid by the file alone: nothing that was checked is false. That its blocks are the chain's, your own "
            "node tells, or the hash of each block beside one: --json and --html list them"
        ),
        (
            "仅就文件而言有效（valid）：已核对的内容均无虚假。其区块是否属于该链，须由您自己的节点证实，"
            "或逐一与其核对每个区块的哈希（--json 和 --html 均列出）"
        ),
    ),
    "valid.platform": (
        (
            "valid by the platform's own root, deployment and node: nothing that was checked is false by them. Verify "
            "the file by yours"
        ),
        "以平台自有的根证书、部署和节点核对为有效（valid）：据此未发现虚假。请用您自己的根证书、部署和节点核对文件",
    ),
    "invalid": (
        "invalid: something is false or left out (findings: {wrong})",
        "无效（invalid）：有虚假或遗漏（{wrong} 项）",
    ),
    "unverifiable": (
        "unverifiable: it can't be told, because what is needed is missing (findings: {open})",
        "无法核实（unverifiable）：缺少所需材料（{open} 项），无法判断",
    ),
    "name.valid": ("valid", "有效"),
    "name.invalid": ("invalid", "无效"),
    "name.unverifiable": ("unverifiable", "无法核实"),
    # How sure.
    "class": ("class of proof", "证明类别"),
    "class.machine": (
        "machine: signed inside it. The class is the file's maker's word",
        "machine：在机器内部签名。类别由文件制作者声明",
    ),
    "class.meter": (
        "meter: a meter's own signed reading, kept whole. The class is the file's maker's word",
        "meter：计量表自身签名的读数，原样保存。类别由文件制作者声明",
    ),
    "class.collector": (
        "collector: read beside the machine, and signed there. The class is the file's maker's word",
        "collector：在机器旁读取并签名。类别由文件制作者声明",
    ),
    "class.reported": (
        "reported: a back office's word. The class is the file's maker's word",
        "reported：仅为后台系统的申报。类别由文件制作者声明",
    ),
    "key": ("key", "密钥"),
    "key.value": (
        "epoch {epoch}, SHA-256 {fingerprint}; registered {registered}; its certificate from {first} to {until}",
        "第 {epoch} 期，SHA-256 {fingerprint}；登记于 {registered}；证书有效期 {first} 至 {until}",
    ),
    "key.unknown": ("not known here", "文件未载"),
    "head": ("log as of", "日志截至"),
    "head.value": (
        "the head of {size} records, block {block} of {moment}",
        "{size} 条记录的日志头，区块 {block}，{moment}",
    ),
    "head.no_block": (
        "the head of {size} records, stated in block {block}, which is not here",
        "{size} 条记录的日志头，称在区块 {block}，但该区块不在文件中",
    ),
    "block": ("chain as of", "区块链截至"),
    "block.value": ("block {number} of {moment}, {hash}", "区块 {number}，{moment}，{hash}"),
    "blocks": (
        "the blocks, each to be compared with the chain's by its number and hash",
        "各区块：请按区块号与哈希逐一与链核对",
    ),
    "node": ("own node", "自有节点"),
    "node.platform": ("node (the platform's own)", "节点（平台自有）"),
    "node.asked": (
        "{node}, of chain {chain}: asked (step 14)",
        "{node}，链 {chain}：已查询（第 14 步）",
    ),
    "node.no_answer": ("{node}: gave no answer", "{node}：无应答"),
    "node.not_asked": ("not asked", "未查询"),
    # Figures.
    "dated": ("records dated", "记录日期"),
    "dated.value": (
        "{first} to {last}, by the device's own clock",
        "{first} 至 {last}，按设备自身时钟",
    ),
    "records": ("records of the period", "期间记录数"),
    "sales": ("sales", "销售"),
    "refunds": ("refunds", "退款"),
    "others": ("other records", "其他记录"),
    "shared_out.sales": ("sales that a distribution here shared out", "文件所示分配中的销售"),
    "shared_out.refunds": ("refunds that a distribution here counts", "文件所示分配中的退款"),
    "left.sales": ("sales of the period in no distribution here", "未在文件所示分配中的期间销售"),
    "left.refunds": (
        "refunds of the period in no distribution here",
        "未在文件所示分配中的期间退款",
    ),
    "unpaid.sales": (
        "sales of the period that the project has not shared out on their days",
        "本项目未在当日分配中计入的期间销售",
    ),
    "unpaid.refunds": (
        "refunds of the period that the project has not counted on their days",
        "本项目未在当日分配中计入的期间退款",
    ),
    "distributions": (
        "distributions of the period's days, of all machines (a day may have several)",
        "期间各日的分配次数（全部机器，一日可有多次）",
    ),
    "energy": ("energy metered in the period", "期间计量电能"),
    "energy.value": ("{energy} Wh in {readings} intervals", "{readings} 个时段，共 {energy} Wh"),
    "sum": ("{count}, {sums} in all", "{count} 笔，合计 {sums}"),
    "count": ("{count}", "{count}"),
    # What was not looked at.
    "unseen.platform": (
        (
            "whether root, deployment and node are the true ones: they are the platform's. Take the file, and verify "
            "it by those that you have from elsewhere"
        ),
        "根证书、部署和节点是否真实：均为平台自有。请下载文件，用您从他处取得的根证书、部署和节点核对",
    ),
    "unseen.subject": (
        "whether this is the device and the period that you meant: compare them above, or give --device, --from, --to",
        "是否为您所要的设备与期间：请对照上文，或给出 --device、--from、--to",
    ),
    "unseen.node": (
        (
            "whether the chain has more than the file: later heads, distributions, assignments; and whether it has "
            "these keys, from these numbers and times on. Ask your own node: --rpc"
        ),
        "链上是否有文件之外或不同的内容：更新的日志头、分配、归属变更；以及密钥及其起始序号与时间是否与链上一致。请查询自有节点：--rpc",
    ),
    "unseen.later": (
        "what the device delivered after {moment}: have a file made under a later head",
        "设备在 {moment} 之后交付的记录：请按更新的日志头重新生成文件",
    ),
    "unseen.clock": (
        "whether the device's clock was right; only its jumps are seen. Compare dates with statements",
        "设备时钟是否准确：只能发现跳变。请将日期与对账单比对",
    ),
    "unseen.events": (
        "whether what the device signed took place: compare with the bank's and the payment provider's statements",
        "设备所签事件是否真实发生：请与银行和支付机构的对账单比对",
    ),
    "unseen.accounts": (
        (
            "whose the accounts are: the chain has addresses and no names, and a name is the platform's word. "
            "Compare each address with what its party tells you itself"
        ),
        "各账户属于谁：链上只有地址而无名称，名称仅为平台所述。请将每个地址与该方自己告知您的比对",
    ),
    "unseen.machines": (
        "other machines' records in the same distributions: counterfoil audit sweep",
        "同一分配中其他机器的记录：counterfoil audit sweep",
    ),
    "unseen.elsewhere": (
        (
            "whether another project's distribution, or one of another day, shared out what this project's of these "
            "days did not: counterfoil audit sweep"
        ),
        "本项目各日分配未计入的，是否已被其他项目或其他日期的分配计入：counterfoil audit sweep",
    ),
    "unseen.class": (
        "whether the class of proof is the device's: ask who certified it where its key is kept",
        "证明类别是否属实：请向发证方询问密钥存放位置",
    ),
    "unseen.backdated": (
        (
            "when {count} of the records were signed: they are dated before their key was registered, so only the "
            "machine's clock dates them. Ask what the machine did before that day"
        ),
        "其中 {count} 条记录的签署时间：其日期早于密钥登记，仅有设备时钟为据。请询问设备在登记之前的情况",
    ),
    "unseen.root_list": (
        "whether an authority below the root was revoked: no list of the root is here. Ask for one (--crl)",
        "根证书之下的签发机构是否已被吊销：文件中没有根证书的吊销列表。请索取（--crl）",
    ),
    "unseen.log_key": (
        "whether the log signed its checkpoint: give the log's key (--log-key)",
        "日志检查点是否由日志签名：请给出日志公钥（--log-key）",
    ),
    "unseen.witnesses": (
        "whether others are shown the same log: name witnesses (--log-key, --witness)",
        "他人所见日志是否相同：请指定见证方（--log-key、--witness）",
    ),
    # How it was shared out.
    "shares.note": (
        "As stated in the file, in {unit}. Step 13 made each amount again from the terms, and names what differs.",
        "以文件所载为准，单位为 {unit}。第 13 步已按条款重新计算每笔金额，并列出差异。",
    ),
    "shares.day": ("{date}, by version {version} of the terms", "{date}，按条款第 {version} 版"),
    "shares.received": ("received", "收入"),
    "shares.refunds_alone": ("nothing received; refunds counted", "无收入，仅计退款"),
    "shares.refunded": ("{amount} of it refunded", "其中退款 {amount}"),
    "unit.minor": ("minor units of the token", "代币的最小单位"),
    # A line of a section, the last line, a step and what it found.
    "row.line": ("{name}: {value}", "{name}：{value}"),
    "step.line": ("{number}. {title}: {checked}", "{number}. {title}：{checked}"),
    "finding.line": ("{code}: {where}: {detail}", "{code}：{where}：{detail}"),
    "finding.to_do": ("what to do: {to_do}", "处理办法：{to_do}"),
    # The steps.
    "step.1": ("the file's form", "文件格式"),
    "step.2": ("the parts' bytes", "各部分字节"),
    "step.3": ("certificates", "证书"),
    "step.4": ("registered keys", "登记的密钥"),
    "step.5": ("signatures", "签名"),
    "step.6": ("the records' chain", "记录链"),
    "step.7": ("the period", "期间"),
    "step.8": ("records in the log", "记录在日志中"),
    "step.9": ("one growing log", "日志只增不改"),
    "step.10": ("the end of the device's chain", "设备记录链末端"),
    "step.11": ("the blocks", "区块"),
    "step.12": ("heads and project on chain", "链上的日志头与项目归属"),
    "step.13": ("the money", "资金"),
    "step.14": ("the chain's node", "链的节点"),
}


def word(language: str, key: str, **values: object) -> str:
    """Return the text of *key* in *language*, its ``{names}`` filled in."""
    text = _WORDS[key][LANGUAGES.index(language)]
    return text.format(**values) if values else text


def keys() -> list[str]:
    """Return all keys."""
    return list(_WORDS)
