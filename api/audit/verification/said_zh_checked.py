"""What each step checked, and what was left out, in Chinese, by its English (see ``said``)."""

from __future__ import annotations

CHECKED = {
    # Things that are counted.
    "{number} record": "{number} 条记录",
    "{number} other record": "{number} 条其他记录",
    "{number} sale": "{number} 笔销售",
    "{number} refund": "{number} 笔退款",
    "{number} head": "{number} 个日志头",
    "{number} later head": "{number} 个更新的日志头",
    "{number} signature": "{number} 个签名",
    "{number} registered key": "{number} 个已登记的密钥",
    "{number} certificate path": "{number} 条证书路径",
    "{number} certificate": "{number} 张证书",
    "{count} of {sums}": "{count}（计 {sums}）",
    "none": "无",
    "never": "未载明",
    # Steps 1 and 2.
    "the file is a bundle": "文件是否为证据包",
    "its parts are whole": "各部分是否完整",
    "the file is a bundle for {device}, {size} bytes": "文件是设备 {device} 的证据包，{size} 字节",
    "every part has the bytes it was made with": "核对各部分字节是否与生成时一致",
    # Steps 3 and 4.
    "{paths} to the root given": "核对 {paths}，直至所给的根证书",
    "{certificates} that can't be read, passed over": "{certificates}无法读取，已略过",
    "lists of revoked certificates: {which}": "证书吊销列表：{which}",
    "{name} of {made}, next {due}, {revoked} revoked": (
        "{name} 于 {made} 签发，下次签发 {due}，吊销 {revoked} 张"
    ),
    "of the root none, so whether an authority was revoked is not known": (
        "没有根证书的吊销列表，因此无法得知签发机构是否已被吊销"
    ),
    "the key of epoch {epoch} IS REVOKED {how}: it {until}": (
        "第 {epoch} 期密钥【已吊销】（{how}）：{until}"
    ),
    "in the registry, on no list": "登记处有载，吊销列表未载",
    "since {date}": "自 {date} 起",
    "is open": "该密钥仍可使用",
    "ends with number {number}, and what it signed up to there counts": (
        "该密钥止于第 {number} 条，此前所签仍然有效"
    ),
    "{keys} as certified": "核对 {keys}是否与证书一致",
    # Steps 6 and 7.
    "no chain": "没有记录链",
    "no gap": "无缺号",
    "gaps or breaks": "有缺号或断链",
    "{gap} from epoch {first_epoch} sequence {first} to epoch {last_epoch} sequence {last}": (
        "{gap}，自第 {first_epoch} 期第 {first} 条至第 {last_epoch} 期第 {last} 条"
    ),
    "{records} of the period {first} to {until} by the device's clock, {sold}, {others}": (
        "期间（按设备时钟，{first} 至 {until}）共 {records}：{sold}、{others}"
    ),
    # Steps 8 to 10.
    "{records} under the head of {size}": "核对 {records}是否在 {size} 条记录的日志头之下",
    "{heads}, one growing log": "核对 {heads}，日志是否只增不改",
    "checkpoint of {size}, the last head, {signed}": "检查点对应末个日志头（{size} 条记录），{signed}",
    "signed by the log": "由日志签名",
    "the log's signature not looked at (--log-key)": "未核对日志的签名（--log-key）",
    "its size and root, not its state, cosigned by {names}": (
        "其规模与根（不含状态）由以下见证方联签：{names}"
    ),
    "{name} at {time}": "{name}（{time}）",
    "no witness has vouched for the last head": "没有见证方为末个日志头作证",
    "the device's place in the last head's state": "核对设备在末个日志头状态中的位置",
    # Steps 11 and 12.
    "{transactions} transactions in {blocks} blocks, by their headers alone": (
        "{blocks} 个区块中的 {transactions} 笔交易，仅以区块头证明"
    ),
    "the newest is block {block} of {moment}, {hash}": "最新为区块 {block}，{moment}，{hash}",
    "{heads} anchored in their blocks": "核对 {heads}在所载区块中的锚定",
    "{heads}: of {which}": "{heads}：{which}",
    "{size} in block {block}": "{size} 条记录的日志头在区块 {block}",
    "{head} at {moment}": "{head}（{moment}）",
    "the device was {projects}": "设备的项目归属：{projects}",
    "in {projects}": "{projects}",
    "{project} since block {block}, {moment}": "{project}（自区块 {block}，{moment} 起）",
    "{more} more": "另有 {more} 次变更",
    "no assignment to a project is shown": "文件未载明",
    "no project": "无项目",
    "project {id}": "项目 {id}",
    "deployment {hash} on chain {chain}": "部署 {hash}，位于链 {chain}",
    "{deployment}, the one that you pinned": "{deployment}，与您固定的部署一致",
    # Step 13.
    "{distributions} distributions made again to the minor unit, {of_period} of the period": (
        "重新计算 {distributions} 次分配，精确到最小单位，其中 {of_period} 次属于本期间"
    ),
    "takes of pools made again: {taken}": "重新计算投资者池的领取：{taken} 次",
    "shared out of these records: {sold} (and {others} of other machines, not here)": (
        "本文件记录中已分配：{sold}（另有不在本文件中的其他机器 {others}）"
    ),
    "in no distribution here: {sold}": "未在文件所示分配中：{sold}",
    "refund": "退款",
    "tax": "税款",
    "goods": "货款",
    "fee": "平台费",
    "sweep": "还贷划扣",
    "allocation": "份额",
    "residual": "余额",
    "tier {number}": "第 {number} 层",
    # Step 14.
    "blocks ({blocks}), heads ({heads}) and keys ({keys}) as your node of chain {chain} has them": (
        "区块（{blocks}）、日志头（{heads}）与密钥（{keys}）同您在链 {chain} 上的节点比对"
    ),
    "as of block {block} of {moment}": "截至区块 {block}，{moment}",
    "{as_of}, no later head": "{as_of}，没有更新的日志头",
    "{as_of}, {heads} that the file does not rest on, the last of {size} in block {block} at {moment}": (
        "{as_of}，另有 {heads}不为本文件所依据，其中最新的含 {size} 条记录，在区块 {block}，{moment}"
    ),
    # What was skipped.
    "what comes after: nothing more could be read out of the file": (
        "其后各步：文件中再无可读取的内容"
    ),
    "14. that the blocks are the chain's is as stated: no node was asked (--rpc)": (
        "14. 区块属于该链仅为文件所述：未查询节点（--rpc）"
    ),
}
