"""What was found in a file, its certificates, its records, its log and its blocks, and where, by its English."""

from __future__ import annotations

FOUND = {
    # Where.
    "{file}": "{file}",
    "container": "文件整体",
    "chain": "区块链",
    "{part} (size {size})": "{part}（{size} 条记录）",
    "{part} (block {block})": "{part}（区块 {block}）",
    "{block}, transaction {number}": "{block}，第 {number} 号交易",
    "transaction {hash}": "交易 {hash}",
    "registry epoch {epoch}": "登记的第 {epoch} 期密钥",
    "{part} (log index {index})": "{part}（日志序号 {index}）",
    "{place}, epoch {epoch} sequence {sequence}": "{place}，第 {epoch} 期第 {sequence} 条",
    "{record}, a sale of {amount}": "{record}，销售 {amount}",
    "heads of {first} and {second}": "{first} 条与 {second} 条记录的日志头",
    "your list {number}": "您提供的第 {number} 份吊销列表",
    # The file, and what it is about.
    "version {found}, this reads {known}": "版本为 {found}，本程序读取版本 {known}",
    "its SHA-256 is not {hash}": "其 SHA-256 不是 {hash}",
    "it does not begin with {magic}": "开头不是 {magic}",
    "its parts are not {parts}": "其组成部分不是 {parts}",
    "{part_error}": "内容不合格式：“{part_error}”",
    "the file is empty": "文件为空",
    "not a bundle: it is packed, so unpack it first": "不是证据包：文件经过压缩，请先解压",
    "not a bundle: it is a text (JSON, HTML or PEM)": "不是证据包：是文本文件（JSON、HTML 或 PEM）",
    "not a bundle: {error}": "不是证据包：“{error}”",
    "it was changed and reads no more: {error}": "已被改动，无法读取：“{error}”",
    "it is about {device}, not {wanted}": "文件所载设备是 {device}，不是 {wanted}",
    "its period begins at {first}, not on {day}": "其期间自 {first} 开始，不是自 {day} 开始",
    "its period ends at {last}, not with {day}": "其期间至 {last} 结束，不是至 {day} 当日结束",
    # Certificates and keys.
    "more than {number} authorities": "签发机构超过 {number} 个",
    "the certificate {hash} is not here": "文件中没有证书 {hash}",
    "{time} is no time of a registration": "{time} 不是有效的登记时间",
    "it does not lead to the root given: {error}": "证书不能追溯到所给的根证书：“{error}”",
    "it names {named}, not {device}": "证书所载设备是 {named}，不是 {device}",
    "the certificate's key is no P-256 key: {error}": "证书的密钥不是 P-256 密钥：“{error}”",
    "the certificate is for another key": "证书属于另一个密钥",
    "not a certificate: {error}": "不是证书：“{error}”",
    "{key_error}": "登记的密钥无效：“{key_error}”",
    "epoch {epoch} was to come": "此处应为第 {epoch} 期",
    "a revoked key is closed at a sequence": "已吊销的密钥必须止于某一条，此处没有",
    "not signed by an authority that leads to the root given": (
        "吊销列表并非由可追溯到所给根证书的签发机构签名"
    ),
    "not a full and direct list of the profile's form": "不是规范要求的完整且直接签发的吊销列表",
    "not a revocation list: {error}": "不是吊销列表：“{error}”",
    "there is no list of {name}": "没有 {name} 的吊销列表",
    "the list of {name} is of {made}, and the next one was due on {due}, before this bundle was made": (
        "{name} 的吊销列表签发于 {made}，下一份应于 {due} 签发，早于本文件的生成时间"
    ),
    "revoked on {date}, its key still open": "证书已于 {date} 吊销，其密钥却仍可使用",
    "registered after {date}, when the authority that certified it was revoked": (
        "密钥的登记晚于 {date}，而其签发机构在该时已被吊销"
    ),
    "from here on {number} of epoch {epoch} were signed after {revoked}, when its certificate was revoked, and count": (
        "自此记录起，第 {epoch} 期有 {number} 条签于证书吊销（{revoked}）之后，却仍被计入"
    ),
    # Records and the period.
    "{record_error}": "记录未通过核验：“{record_error}”",
    "{chain_error}": "与前一条记录不衔接：“{chain_error}”",
    "its number was used before": "其序号此前已经用过",
    "the period from {first} to {until} has no time": "期间 {first} 至 {until} 没有时长",
    "there is no record that verifies": "没有一条记录通过核验",
    "it is not the device's first, and the two before the period are not here": (
        "它不是设备的首条记录，文件中也没有期间之前的两条记录"
    ),
    "the device has later records, and the two that come after the period are not here": (
        "设备还有更新的记录，文件中却没有期间之后的两条记录"
    ),
    "the device's newest under the head of {size}; a later head may hold more of the period": (
        "它是设备在 {size} 条记录的日志头之下的最新记录；更新的日志头可能含有本期间的更多记录"
    ),
    "anchored at {anchored}, and the period ends at {until}": (
        "锚定于 {anchored}，而期间至 {until} 才结束"
    ),
    "its time is outside the period, and it stands between its bounds": (
        "其时间在期间之外，却排在期间的界限之内"
    ),
    "its clock was not synchronised, and it bounds the period": "其时钟未经同步，而它是期间的界限",
    "the device did not know the time": "设备当时不知道时间",
    "the clock goes from {then} to {now}": "时钟从 {then} 跳到 {now}",
    "{detail} (and {more} more)": "{detail}（另有 {more} 条）",
    # The log.
    "there is no head": "没有日志头",
    "{proofs} proofs for {records} records": "{records} 条记录却有 {proofs} 份证明",
    "{proofs} proofs between {heads} heads": "{heads} 个日志头之间却有 {proofs} 份证明",
    "the log's order is another": "与日志中的顺序不符",
    "the log does not grow": "日志没有增长",
    "{inclusion_error}": "不在日志头之下的所述位置：“{inclusion_error}”",
    "{consistency_error}": "前一个日志头不是后一个的开头部分：“{consistency_error}”",
    "{checkpoint_error}": "检查点未通过核验：“{checkpoint_error}”",
    "it is of a head of {size}, the last head is {last}": (
        "它对应 {size} 条记录的日志头，而文件的末个日志头是：{last}"
    ),
    "one of {size}": "{size} 条记录的日志头",
    "it states another root or state for the last head, of {size}": (
        "对末个日志头（{size} 条记录），它所载的根或状态不同"
    ),
    "{number} of the witnesses named have cosigned the last head, not {wanted}": (
        "所指定的见证方中有 {number} 个联签了末个日志头，要求 {wanted} 个"
    ),
    "there is no slot, or no head": "没有设备的状态槽位，或没有日志头",
    "the slot is not under the head's state: {error}": "槽位不在日志头的状态之下：“{error}”",
    "it lies behind the end of the chain that the head states": "它排在日志头所载记录链末端之后",
    "the head states another payload under this number": "日志头在此序号下所载的是另一内容",
    "its numbers {first} to {last} are anchored, and were taken back since": (
        "其第 {first} 至 {last} 条已锚定，其后又被撤回"
    ),
    # Blocks, assignments and the deployment.
    "{block_error}": "区块证明不成立：“{block_error}”",
    "the blocks are not in their order": "区块未按顺序排列",
    "no transaction of it is here": "文件中没有该区块的任何交易",
    "nothing in the bundle names it": "文件中没有任何内容指向它",
    "made without a node: no header shows that the heads are on chain": (
        "文件生成时未用节点：没有区块头证明日志头已上链"
    ),
    "no block here holds its transaction": "文件中没有区块含有其交易",
    "its transaction is in block {block}, {hash}": "其交易在区块 {block}，{hash}",
    "{contract} is at {mine}, not at {stated}": "{contract} 位于 {mine}，文件所载为 {stated}",
    "{contract} anchored no such head there": "{contract} 并未在该处锚定此日志头",
    "no contract": "文件未载明的合约",
    "anchored with another root or state": "锚定的根或状态与文件所载不同",
    "no receipt under the blocks' headers holds it": "各区块头之下没有收据含有它",
    "the device's registration is left out": "遗漏了设备的登记",
    "it assigns the device to {project}: left out": "它将设备归入{project}：文件遗漏了此事",
    "{project} is stated, and the device was in {others}": "文件所载为 {project}，而设备当时属于{others}",
    "{stated} is stated, {got} on chain": "文件所载为 {stated}，链上为 {got}",
    "its deployment is {stated}, the one that you pinned is {pinned}": (
        "其部署为 {stated}，您固定的部署为 {pinned}"
    ),
    "its hash is {found}, you pinned {pinned}": "其哈希为 {found}，您固定的是 {pinned}",
    "whose contracts these are can't be told by the file: anybody may deploy such ones": (
        "仅凭文件无法得知这些合约属于谁：任何人都可以部署这样的合约"
    ),
    # Your own node.
    "{node_error}": "节点未能答复：“{node_error}”",
    "the node is of chain {chain}": "该节点属于链 {chain}",
    "the node's chain has another block there, or none": "您的节点在该高度是另一个区块，或没有区块",
    "not anchored": "未锚定",
    "anchored, but not in block {block}": "已锚定，但不在区块 {block}",
    "the contract keeps another: {error}": "合约保存的是另一个：“{error}”",
    "registered otherwise": "登记的内容与文件所载不同",
    "the committee has repudiated its numbers from {first} on": "委员会已否认其第 {first} 条及以后的记录",
    "the node has one to {project} in block {block}: left out": (
        "您的节点在区块 {block} 有一次归入{project}的变更：文件遗漏了此事"
    ),
    "the node has no such event": "您的节点没有此事件",
    "the records end under the head of {size}; the node has {heads}, up to {newest} in block {block}, "
    "and none of them is shown to hold no more of the period": (
        "记录止于 {size} 条记录的日志头；您的节点有 {heads}，最新的含 {newest} 条记录，在区块 {block}，"
        "文件未能表明其中没有本期间的更多记录"
    ),
}
