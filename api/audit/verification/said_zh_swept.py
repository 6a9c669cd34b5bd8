"""What a sweep of the whole log and ledger found, and where, in Chinese, by its English (see ``said``)."""

from __future__ import annotations

SWEPT = {
    # Things that are counted.
    "{number} machine": "{number} 台机器",
    "{number} distribution": "{number} 次分配",
    "{number} mint": "{number} 笔增发",
    "{number} file": "{number} 个文件",
    "{number} finding": "{number} 项",
    "{number} minor unit": "{number}（最小单位）",
    # Where.
    "{device}": "{device}",
    "record {index}": "记录 {index}",
    "record {index} ({device})": "记录 {index}（{device}）",
    "record {index}: the head of {size} that its machine was shown": (
        "记录 {index}：其机器所见的 {size} 条记录的日志头"
    ),
    "epoch {epoch} of {device}": "{device} 的第 {epoch} 期密钥",
    "heads": "日志头",
    "head {number}": "第 {number} 号日志头",
    "head {number} of {size}": "第 {number} 号日志头（{size} 条记录）",
    "heads {first} to {last}": "第 {first} 至 {last} 号日志头",
    "the log after its first {records}": "日志的前 {records}之后",
    "batch {batch} of {project}": "项目 {project} 的批次 {batch}",
    "distribution {batch} of {date}": "{date} 的分配 {batch}",
    "withdrawal in block {block}": "区块 {block} 中的提取",
    "account {account}": "账户 {account}",
    "mint {entry} in block {block}": "区块 {block} 中的增发 {entry}",
    # Records and keys.
    "its number stands twice in the log": "其序号在日志中出现两次",
    "{state_error}": "与机器此前的状态不衔接：“{state_error}”",
    "the registry has another key, or none": "登记处所载密钥不同，或没有密钥",
    "its key was since ended at {until}": "其密钥此后改为止于第 {until} 条",
    "its records behind {until} were since repudiated": "其第 {until} 条之后的记录此后被否认",
    "{wrong}: sweep again from the beginning, without --state": (
        "{wrong}：请不带 --state，从头重新核查"
    ),
    "the committee has repudiated its numbers from {first} on, up to {last}": (
        "委员会已否认其第 {first} 至 {last} 条记录"
    ),
    # Heads.
    "an earlier run saw it, this node does not have it (yet)": "先前一次核查曾见到它，本节点（尚）没有",
    "an earlier run of this sweep saw another": "先前一次核查所见的与此不同",
    "head {number} comes instead": "此处却是第 {number} 号日志头",
    "their sizes do not grow": "记录数没有递增",
    "it extends the head of {previous}, not that of {before}": (
        "它续接的是 {previous} 条记录的日志头，不是 {before} 条记录的日志头"
    ),
    "the records give another root": "由记录计算出的根不同",
    "the records leave the machines elsewhere": "由记录得出的机器状态不同",
    "the records add up to other figures": "由记录加总出的数字不同",
    "its annex is {annex}": "其附件为 {annex}，本版本无法计算",
    "{number} on chain, {events} events": "链上有 {number} 个，事件却有 {events} 个",
    "no head of {size} was there before it": "在该记录之前没有 {size} 条记录的日志头",
    "{shown}, the log's is {mine}": "机器所见为 {shown}，日志的为 {mine}",
    "{log_error}": "日志无法证明：“{log_error}”",
    "{threshold} of {number} had to sign, {wanted} are asked for: {signers}": (
        "{number} 方中须有 {threshold} 方签名，所要求的是 {wanted} 方：{signers}"
    ),
    "{heads} before the node tells of any quorum": "有 {heads}早于节点所载的任何签名规则",
    # The log's end.
    "it ends there": "日志到此为止",
    "{tile_error}": "日志读取到此为止：“{tile_error}”",
    "{why}; the newest head on chain is of {records}": "{why}；链上最新日志头含 {records}",
    # Distributions.
    "the same batch twice": "同一批次出现两次",
    "no head of {size} is anchored": "没有已锚定的 {size} 条记录的日志头",
    "the event and the call differ": "事件与调用不一致",
    "version {version} was not in force": "条款第 {version} 版当时并未生效",
    "{tier} {account} got {got}, not {due}": "{tier} {account} 得到 {got}，应为 {due}",
    # Pools, withdrawals and balances.
    "other investors than it is named by": "投资者名单与其账户的来源不同",
    "{account} took {got}, not {due}": "{account} 领取了 {got}，应为 {due}",
    "it ended with {got}, not {due}": "结束时为 {got}，应为 {due}",
    "{account} withdrew {got}, not {due}": "{account} 提取了 {got}，应为 {due}",
    "{got} is claimable, not {due}": "可提取 {got}，应为 {due}",
    "{got} is to take of pool {pool}, not {due}": "可从投资者池 {pool} 领取 {got}，应为 {due}",
    "distributed {got}, not {due}": "已分配 {got}，应为 {due}",
    "claimable {claimable} + withdrawn {withdrawn} is not {distributed}": (
        "可提取 {claimable} + 已提取 {withdrawn}，不等于已分配 {distributed}"
    ),
    "taken {taken} + to take {to_take} + carried {carried} is not {paid}": (
        "已领取 {taken} + 可领取 {to_take} + 结转 {carried}，不等于已付 {paid}"
    ),
    "supply {got}, not {due}": "发行总量为 {got}，应为 {due}",
    "{minted} minted, {booked} booked": "增发 {minted}，入账 {booked}",
    "it holds {got}, not {due}": "持有 {got}，应为 {due}",
    "it holds {held} and owes {owed}": "持有 {held}，应付 {owed}",
    # Facts.
    "no file that was given has its facts, and the day's sales in the log don't give them": (
        "所给文件均无其事实清单，由日志中当日的销售也得不出"
    ),
    "{records} of it behind the end of the log that was given": "其中 {records}在所给日志末端之后",
    "its units are not those of its sales": "其件数与其销售不符",
    "{number} not of {date}, from record {index} on, which is of {other}": (
        "{number} 条的日期不是 {date}，自记录 {index} 起，该记录的日期是 {other}"
    ),
    "of {device} {number}, from record {index} on": "{device} 的 {number} 条，自记录 {index} 起",
    "{which}: it was in two projects between their date and their head": (
        "{which}：在其日期与日志头之间，机器先后属于两个项目"
    ),
    "{which}: it was not in the project at their date, nor at their head": (
        "{which}：在其日期与日志头时，机器均不属于该项目"
    ),
    "they are of {project}": "事实清单所载项目为 {project}",
    "they are of {date}, and the period is {first} to {last}": (
        "事实清单所载日期为 {date}，而期间为 {first} 至 {last}"
    ),
    "gross {gross} and refunds {refunds}": "总额 {gross}、退款 {refunds}",
    "{mine} in the facts, {theirs} in the call": "事实清单所载为{mine}，调用所载为{theirs}",
    "other goods were sold": "售出的货品不同",
    "{records} of {amount}, from record {index} on": "{records}（计 {amount}），自记录 {index} 起",
    "{what}, that the committee had repudiated before": "{what}：委员会在分配之前已予否认",
    "{what}, that the committee has repudiated since": "{what}：委员会在分配之后予以否认",
    # Mints.
    "{amount} to {account}: no statement that was given has its entry": (
        "{amount}，付至 {account}：所给对账单均无此笔"
    ),
    "{amount} minted, the statement says {stated}": "增发 {amount}，对账单所载为 {stated}",
}
