"""What to do about what was found, in Chinese, by its English (``to_do`` of the errors)."""

from __future__ import annotations

TO_DO = {
    "Read the detail.": "请阅读详情。",
    # The file.
    "Ask for the bundle again; it may have been cut off on its way.": (
        "请重新索取证据包；它可能在传输中被截断。"
    ),
    "Have the bundle made again, or verify it with the program of its time.": (
        "请重新生成证据包，或用当时版本的程序核对。"
    ),
    "Ask for the file of the device and the days that you want.": "请索取所需设备与日期的文件。",
    "Ask for the bundle again, from its maker; believe nothing in this one.": (
        "请向制作者重新索取证据包；本文件的任何内容均不可采信。"
    ),
    "Ask for the bundle again; if it stays so, its maker's program is at fault.": (
        "请重新索取证据包；如仍如此，则是制作者的程序有误。"
    ),
    # Certificates and keys.
    "Check that the root given is the right one; ask the authority for the certificates and lists below it.": (
        "请确认所给根证书无误；并向签发机构索取其下的证书与吊销列表。"
    ),
    "Ask for a bundle that holds the certificates, or for the certificate itself.": (
        "请索取含有证书的证据包，或索取该证书本身。"
    ),
    "Ask the registrar why the key counts all the same; believe nothing that it signed since.": (
        "请询问登记方该密钥为何仍被承认；其后所签一概不可采信。"
    ),
    "Ask the authority for its list, and give it with --crl, or have the bundle made again with it.": (
        "请向签发机构索取吊销列表，用 --crl 给出，或据以重新生成证据包。"
    ),
    "Ask the authority for its newest list, and give it with --crl.": (
        "请向签发机构索取最新的吊销列表，用 --crl 给出。"
    ),
    "Ask the registrar why the key ends behind its revocation, and the machine's owner for these sales.": (
        "请询问登记方密钥为何止于吊销之后，并向机器所有人查问这些销售。"
    ),
    "Ask the registrar which key was registered, and why it is another one.": (
        "请询问登记方所登记的是哪个密钥，以及为何不同。"
    ),
    # Records and the period.
    "Don't count the record, and keep the file; ask the device's operator why it does not verify.": (
        "请勿计入该记录，并保留文件；请询问设备运营方其为何未通过核验。"
    ),
    "Ask the log's operator for the records between; if there are none, records were left out.": (
        "请向日志运营方索取其间的记录；如没有，则有记录被遗漏。"
    ),
    "Ask for a bundle of the whole period; if there is none, records are held back.": (
        "请索取整个期间的证据包；如没有，则有记录被扣留。"
    ),
    "Ask your own node for the newest head (--rpc); if it is a later one, have the bundle made again.": (
        "请向自有节点查询最新的日志头（--rpc）；如更新，请重新生成证据包。"
    ),
    "Ask for a bundle that was made after the period's end, under a head of after it.": (
        "请索取在期间结束后、按其后的日志头生成的证据包。"
    ),
    "Ask for a bundle of a longer period, and compare its records' numbers with what the machine took.": (
        "请索取更长期间的证据包，并将其记录序号与机器实收比对。"
    ),
    # The log.
    "Ask for the proof under the right head; if there is none, the record is not in the log.": (
        "请索取正确日志头之下的证明；如没有，则该记录不在日志中。"
    ),
    "Keep both heads: they are evidence that the log was rewritten, or that the bundle was.": (
        "请保留两个日志头：它们证明日志或证据包曾被改写。"
    ),
    "Ask the log's operator for the checkpoint that belongs to these heads.": (
        "请向日志运营方索取与这些日志头对应的检查点。"
    ),
    "Ask the witnesses for their cosignatures, or ask for fewer of them.": (
        "请向见证方索取联签，或降低所要求的联签数。"
    ),
    "Keep the file; ask the log's operator for the device's newest records, and its slot under this head.": (
        "请保留文件；并向日志运营方索取设备的最新记录及其在该日志头之下的槽位。"
    ),
    # Blocks, assignments and the deployment.
    "Ask for the block's proof again, from another node; if it stays wrong, it proves nothing.": (
        "请另向其他节点索取区块证明；如仍有误，则它证明不了任何事。"
    ),
    "Have the bundle made again with a node, or verify it against one with --rpc.": (
        "请用节点重新生成证据包，或用 --rpc 对照节点核对。"
    ),
    "Ask for the transaction that anchored the head; without one, the head is not on chain.": (
        "请索取锚定该日志头的交易；如没有，则该日志头并未上链。"
    ),
    "Ask the registrar which project the device was in, and have the bundle made for that one.": (
        "请询问登记方设备当时属于哪个项目，并按该项目生成证据包。"
    ),
    "Ask the registrar for the device's assignments, and compare them with the chain's events.": (
        "请向登记方索取设备的归属变更，并与链上事件比对。"
    ),
    "Check which deployment file is the consortium's; trust only your own.": (
        "请确认哪一份是联盟的部署文件；只信任您自己的那一份。"
    ),
    "Get the consortium's deployment file, or its hash, from somewhere else than the bundle, and give it with "
    "--deployment or --deployment-hash.": (
        "请从证据包以外的渠道取得联盟的部署文件或其哈希，用 --deployment 或 --deployment-hash 给出。"
    ),
    # The money.
    "Compare with the terms on chain: those hold.": "请与链上条款比对：以链上为准。",
    "Compare it with the terms on chain and the chain's events; ask the oracle's operators.": (
        "请与链上的条款和事件比对，并询问预言机运营方。"
    ),
    "Ask the oracle's operators for the call.": "请向预言机运营方索取该次调用。",
    "Keep the facts; ask the oracle's operators which records were shared out.": (
        "请保留事实清单，并询问预言机运营方分配了哪些记录。"
    ),
    "Ask an oracle node for the facts, and have the bundle made again with them.": (
        "请向预言机节点索取事实清单，并据以重新生成证据包。"
    ),
    "Ask the registrar when the machine changed hands, and the oracle's operators whose the sale is.": (
        "请询问登记方机器何时易手，并询问预言机运营方该销售归谁。"
    ),
    "Ask your own node for the project's distributions (--rpc), and the operator for those that are not here.": (
        "请向自有节点查询该项目的分配（--rpc），并向运营方索取文件中没有的分配。"
    ),
    "Ask for a bundle with all distributions of the period; keep this one.": (
        "请索取含有期间全部分配的证据包，并保留本文件。"
    ),
    "Have the bundle made again, with the project's distributions.": (
        "请重新生成含有该项目各次分配的证据包。"
    ),
    # Your own node.
    "Ask a second node; if it says the same, the bundle is not of this chain or not true.": (
        "请查询另一个节点；如结果相同，则证据包不属于该链，或内容不实。"
    ),
    "Ask the committee what the motion rests on; the vote has its hash.": (
        "请询问委员会该动议的依据；表决载有其哈希。"
    ),
    "Look at the node's address (--rpc), and ask it again, or another one.": (
        "请检查节点地址（--rpc），再次查询，或查询另一个节点。"
    ),
}
