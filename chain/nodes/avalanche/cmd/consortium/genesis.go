package main

import (
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/ava-labs/avalanchego/genesis"
	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/utils/constants"
	"github.com/ava-labs/avalanchego/utils/crypto/secp256k1"
	"github.com/ava-labs/avalanchego/utils/formatting/address"
)

const (
	stake          = 1_000 // nAVAX a validator, on the primary network and as its weight in the subnet
	treasuryAmount = 1_000_000_000_000_000
	treasuryParts  = 24 // one is used up by each validator that is added
	foundingAmount = 1_000_000_000_000_000
	year           = 365 * 24 * time.Hour
)

// makeGenesis writes the primary network's genesis: the nodes as its first stakers, and all of its money with a
// founder's key that is made here and forgotten once the consortium has the money (found).
func makeGenesis() (any, error) {
	var in struct {
		NetworkID     uint32         `json:"network_id"`
		Years         uint64         `json:"years"`
		Nodes         []nodeIdentity `json:"nodes"`
		CChainGenesis string         `json:"c_chain_genesis"`
	}
	if err := read(&in); err != nil {
		return nil, err
	}
	founder, err := secp256k1.NewPrivateKey()
	if err != nil {
		return nil, err
	}
	nobody, err := secp256k1.NewPrivateKey() // owns the first stakes, which never come back
	if err != nil {
		return nil, err
	}
	hrp := constants.GetHRP(in.NetworkID)
	founderText, err := address.Format("X", hrp, founder.Address().Bytes())
	if err != nil {
		return nil, err
	}
	nobodyText, err := address.Format("X", hrp, nobody.Address().Bytes())
	if err != nil {
		return nil, err
	}
	none := "0x" + hex.EncodeToString(ids.ShortEmpty.Bytes())
	config := genesis.UnparsedConfig{
		NetworkID: in.NetworkID,
		Allocations: []genesis.UnparsedAllocation{
			{ETHAddr: none, AVAXAddr: founderText, InitialAmount: 1, UnlockSchedule: []genesis.LockedAmount{
				{Amount: treasuryParts*treasuryAmount + foundingAmount},
			}},
			{ETHAddr: none, AVAXAddr: nobodyText, UnlockSchedule: []genesis.LockedAmount{
				{Amount: stake * uint64(len(in.Nodes))},
			}},
		},
		StartTime:            uint64(time.Now().Add(-time.Minute).Unix()),
		InitialStakeDuration: in.Years * uint64(year/time.Second),
		InitialStakedFunds:   []string{nobodyText},
		CChainGenesis:        in.CChainGenesis,
		Message:              "a consortium's own network",
	}
	for _, node := range in.Nodes {
		id, err := ids.NodeIDFromString(node.NodeID)
		if err != nil {
			return nil, refuse("network.node_id", "%q is no node's id", node.NodeID)
		}
		config.InitialStakers = append(config.InitialStakers, genesis.UnparsedStaker{
			NodeID: id, RewardAddress: nobodyText, DelegationFee: 1_000_000, Signer: node.Signer,
		})
	}
	text, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"genesis": json.RawMessage(text), "founder": hex.EncodeToString(founder.Bytes()),
	}, nil
}
