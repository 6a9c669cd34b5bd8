"""What was found in the distributions, their facts, the terms and the pools, and where, by its English."""

from __future__ import annotations

MONEY = {
    # Where.
    "{part} (version {version})": "{part}（第 {version} 版）",
    "{part} ({date})": "{part}（{date}）",
    "{part} (of pool {account})": "{part}（投资者池 {account}）",
    "terms version {version}": "条款第 {version} 版",
    "distribution {hash}": "分配 {hash}",
    "distribution of {date} in block {block}": "{date} 的分配（区块 {block}）",
    "batch {hash}": "批次 {hash}",
    "pool {account}": "投资者池 {account}",
    # Terms and distributions.
    "stated twice": "重复载列",
    "credited, and not distributed": "已记入账户，却没有对应的分配",
    "set in a transaction here, and left out": "已在文件所含交易中设定，文件却遗漏了",
    "made in a transaction here, and left out": "已在文件所含交易中作出，文件却遗漏了",
    "version {version} was to come": "此处应为第 {version} 版",
    "not the terms whose hash was set on chain": "不是链上所设哈希对应的条款",
    "no terms: {error}": "不是条款：“{error}”",
    "its transaction calls something else: what was sold is not known": (
        "其交易调用的是其他函数：无法得知售出了什么"
    ),
    "it names the head of {size}, which is not here": "它所指的 {size} 条记录的日志头不在文件中",
    "its facts are not here: which sales it shared out is not known": (
        "文件中没有其事实清单：无法得知分配了哪些销售"
    ),
    "by the terms it is refused: {why}": "按条款应予拒绝：“{why}”",
    "paid by version {version}, and {in_force} was in force": (
        "按条款第 {version} 版支付，而当时有效的是第 {in_force} 版"
    ),
    "{tier} {account} got {got}, by the terms {due}": "{tier} {account} 得到 {got}，按条款应得 {due}",
    "{field} {stated} is stated, {got} on chain": "{field}：文件所载为 {stated}，链上为 {got}",
    "other units are stated than were called on chain": "所载件数与链上调用的不同",
    "{tier} {account}: {stated} is stated, {got} was credited on chain": (
        "{tier} {account}：文件所载为 {stated}，链上记入 {got}"
    ),
    "gross {gross} minor; the file shows none at all": (
        "总额 {gross}（最小单位）；文件未载任何分配"
    ),
    "gross {gross} minor; the file is older": "总额 {gross}（最小单位）；文件早于此次分配",
    "gross {gross} minor; the file leaves it out": "总额 {gross}（最小单位）；文件遗漏了此次分配",
    # Pools.
    "{address_error}": "不是合约地址：“{address_error}”",
    "other investors than its account is made of": "投资者名单与其账户的来源不符",
    "{account} took {amount} in a transaction here: left out": (
        "{account} 在文件所含交易中领取了 {amount}：文件遗漏了此事"
    ),
    "by its list and the terms it is refused: {why}": "按投资者名单与条款应予拒绝：“{why}”",
    "{got} on chain, by its list {due}": "链上为 {got}，按投资者名单应为 {due}",
    # Facts.
    "its facts are not those that its call names": "其事实清单不是调用所指的那一份",
    "{facts_error}": "事实清单不合格式：“{facts_error}”",
    "they are of {project}, {date}": "事实清单所载为 {project}，{date}",
    "they come to {gross} and refunds of {refunds}": "事实清单合计 {gross}，退款 {refunds}",
    "other goods were sold by its facts": "按事实清单，售出的货品不同",
    "record {index} is not under its head": "记录 {index} 不在其日志头之下",
    "record {index} was shared out in {where}": "记录 {index} 已在 {where} 中分配",
    "record {index} says otherwise": "记录 {index} 所载与此不同",
    "record {index} is of {date}": "记录 {index} 的日期是 {date}",
    "record {index} is of {project}: its machine was there": (
        "记录 {index} 属于{project}：其机器当时在那里"
    ),
    "record {index} is in {currency}, the ones before in {before}": (
        "记录 {index} 的币种是 {currency}，此前各条是 {before}"
    ),
    "{records}, from {first} on: the machine was in two projects between their date and the head": (
        "自记录 {first} 起共 {records}：在其日期与日志头之间，机器先后属于两个项目"
    ),
    "{sold}, from record {index} on": "{sold}，自记录 {index} 起",
    "{sales}: in no distribution that is here": "{sales}：不在文件所示的任何分配中",
    "{sales}: made in {project}, whose distributions are not here": (
        "{sales}：产生于{project}，其分配不在文件中"
    ),
}
