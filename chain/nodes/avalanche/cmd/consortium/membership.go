package main

import (
	"context"
	"math/rand/v2"

	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/utils/constants"
	"github.com/ava-labs/avalanchego/utils/set"
	"github.com/ava-labs/avalanchego/vms/platformvm"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
	"github.com/ava-labs/avalanchego/wallet/subnet/primary"
	"github.com/ava-labs/avalanchego/wallet/subnet/primary/common"

	"counterfoil/network/consortium"
)

// propose builds the unsigned transactions of one change and asks the node nothing but the state that they need.
func propose(ctx context.Context) (any, error) {
	var in struct {
		URI string `json:"uri"`
		consortium.Change
	}
	if err := read(&in); err != nil {
		return nil, err
	}
	subnet, err := consortium.SubnetOf(in.Subnet)
	if err != nil {
		return nil, err
	}
	client := platformvm.NewClient(in.URI)
	onChain, err := platformvm.GetSubnetOwners(client, ctx, subnet)
	if err != nil {
		return nil, err
	}
	owners, ok := onChain[subnet].(*secp256k1fx.OutputOwners)
	if !ok {
		return nil, consortium.Refuse("network.owners_unknown", "the network has no owners of a known kind")
	}
	keys, err := consortium.KeysOf(owners, in.Known)
	if err != nil {
		return nil, err
	}
	signers, err := in.SignersOf(keys, owners.Threshold)
	if err != nil {
		return nil, err
	}
	_, chain, utxos, err := primary.FetchPState(ctx, in.URI, set.Of(owners.Addrs...))
	if err != nil {
		return nil, err
	}
	all, err := common.NewChainUTXOs(constants.PlatformChainID, utxos).UTXOs(ctx, constants.PlatformChainID)
	if err != nil {
		return nil, err
	}
	coins := consortium.CoinsOf(owners, all)
	// Two proposals at a time seldom want the same coin.
	rand.Shuffle(len(coins), func(i, j int) { coins[i], coins[j] = coins[j], coins[i] })
	isStaked, err := isStaked(ctx, client, &in.Change)
	if err != nil {
		return nil, err
	}
	now := consortium.Standing{Chain: chain, Owners: owners, Coins: coins, IsStaked: isStaked}
	return in.Propose(now, keys, signers)
}

// isStaked tells whether the node that is to be added has its seat in the primary network already: it was a validator
// before.
func isStaked(ctx context.Context, client *platformvm.Client, change *consortium.Change) (bool, error) {
	if change.Kind != "add" {
		return false, nil
	}
	id, err := consortium.NodeIDOf(change.NodeID)
	if err != nil {
		return false, err
	}
	found, err := client.GetCurrentValidators(ctx, constants.PrimaryNetworkID, []ids.NodeID{id})
	return len(found) > 0, err
}

// submit hands the transactions to the network one after another, each once the one before is accepted.
func submit(ctx context.Context) (any, error) {
	var in struct {
		URI     string             `json:"uri"`
		Payload consortium.Payload `json:"payload"`
	}
	if err := read(&in); err != nil {
		return nil, err
	}
	signed, err := in.Payload.Signed()
	if err != nil {
		return nil, err
	}
	client := platformvm.NewClient(in.URI)
	issued := []string{}
	for _, tx := range signed {
		id := tx.ID()
		if _, err := client.IssueTx(ctx, tx.Bytes()); err != nil {
			// Sent before, by this command or another member's: then only wait.
			if _, known := client.GetTx(ctx, id); known != nil {
				return nil, consortium.Refuse("network.not_taken", "the network did not take the change: %v", err)
			}
		}
		if err := platformvm.AwaitTxAccepted(client, ctx, id, pollEvery); err != nil {
			return nil, consortium.Refuse("network.not_accepted", "the network did not accept the change: %v", err)
		}
		issued = append(issued, id.String())
	}
	return map[string]any{"transactions": issued}, nil
}
