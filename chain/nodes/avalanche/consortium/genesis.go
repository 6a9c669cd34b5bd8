package consortium

import (
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/ava-labs/avalanchego/genesis"
	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/utils/constants"
	"github.com/ava-labs/avalanchego/utils/formatting/address"
	"github.com/ava-labs/avalanchego/vms/platformvm/signer"
)

const (
	Stake          = 1_000 // nAVAX a validator, on the primary network and as its weight in the subnet
	TreasuryAmount = 1_000_000_000_000_000
	TreasuryParts  = 24 // one is used up by each validator that is added
	foundingAmount = 1_000_000_000_000_000
	year           = 365 * 24 * time.Hour
)

// NodeIdentity is what others need to know of a node: its id and its BLS key with the proof that it holds it.
type NodeIdentity struct {
	NodeID string                    `json:"node_id"`
	Signer *signer.ProofOfPossession `json:"signer"`
}

// GenesisTerms are what a network begins with.
type GenesisTerms struct {
	NetworkID     uint32         `json:"network_id"`
	Years         uint64         `json:"years"`
	Nodes         []NodeIdentity `json:"nodes"`
	CChainGenesis string         `json:"c_chain_genesis"`
}

// Genesis is the primary network's genesis: the nodes as its first stakers, all of its money with the founder, and the
// first stakes with *nobody*, whose key is kept nowhere: they never come back. It begins a minute before *now*.
func Genesis(terms GenesisTerms, founder, nobody ids.ShortID, now time.Time) (json.RawMessage, error) {
	hrp := constants.GetHRP(terms.NetworkID)
	founderText, err := address.Format("X", hrp, founder.Bytes())
	if err != nil {
		return nil, err
	}
	nobodyText, err := address.Format("X", hrp, nobody.Bytes())
	if err != nil {
		return nil, err
	}
	none := "0x" + hex.EncodeToString(ids.ShortEmpty.Bytes())
	config := genesis.UnparsedConfig{
		NetworkID: terms.NetworkID,
		Allocations: []genesis.UnparsedAllocation{
			{ETHAddr: none, AVAXAddr: founderText, InitialAmount: 1, UnlockSchedule: []genesis.LockedAmount{
				{Amount: TreasuryParts*TreasuryAmount + foundingAmount},
			}},
			{ETHAddr: none, AVAXAddr: nobodyText, UnlockSchedule: []genesis.LockedAmount{
				{Amount: Stake * uint64(len(terms.Nodes))},
			}},
		},
		StartTime:            uint64(now.Add(-time.Minute).Unix()),
		InitialStakeDuration: terms.Years * uint64(year/time.Second),
		InitialStakedFunds:   []string{nobodyText},
		CChainGenesis:        terms.CChainGenesis,
		Message:              "a consortium's own network",
	}
	for _, node := range terms.Nodes {
		id, err := NodeIDOf(node.NodeID)
		if err != nil {
			return nil, err
		}
		config.InitialStakers = append(config.InitialStakers, genesis.UnparsedStaker{
			NodeID: id, RewardAddress: nobodyText, DelegationFee: 1_000_000, Signer: node.Signer,
		})
	}
	return json.Marshal(config)
}

// NodeIDOf is the node's id that *text* writes.
func NodeIDOf(text string) (ids.NodeID, error) {
	id, err := ids.NodeIDFromString(text)
	if err != nil {
		return ids.EmptyNodeID, Refuse("network.node_id", "%q is no node's id", text)
	}
	return id, nil
}
