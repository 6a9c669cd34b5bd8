package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/vms/components/avax"
	"github.com/ava-labs/avalanchego/vms/platformvm/txs"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
	"github.com/ava-labs/avalanchego/wallet/subnet/primary"
	"github.com/ava-labs/avalanchego/wallet/subnet/primary/common"

	"counterfoil/network/consortium"
)

// found makes the subnet, its validators and its chain, and then gives the subnet and all money to the owners, k of
// n. After it the founder's key can do nothing more than spend what was left over of the founding's own fees.
func found(ctx context.Context) (any, error) {
	var in struct {
		URI        string          `json:"uri"`
		Founder    string          `json:"founder"`
		Owners     []string        `json:"owners"`
		Threshold  uint32          `json:"threshold"`
		Validators []string        `json:"validators"`
		Ends       int64           `json:"ends"`
		VM         string          `json:"vm"`
		Genesis    json.RawMessage `json:"genesis"`
		Name       string          `json:"name"`
	}
	if err := read(&in); err != nil {
		return nil, err
	}
	key, err := consortium.PrivateKey(in.Founder)
	if err != nil {
		return nil, err
	}
	owners, err := consortium.OwnersOf(in.Owners, in.Threshold)
	if err != nil {
		return nil, err
	}
	vm, err := ids.FromString(in.VM)
	if err != nil {
		return nil, err
	}
	wallet, err := primary.MakePWallet(ctx, in.URI, secp256k1fx.NewKeychain(key), primary.WalletConfig{})
	if err != nil {
		return nil, err
	}
	alone := &secp256k1fx.OutputOwners{Threshold: 1, Addrs: []ids.ShortID{key.Address()}}
	created, err := wallet.IssueCreateSubnetTx(alone, quickly)
	if err != nil {
		return nil, err
	}
	subnet := created.ID()
	for _, text := range in.Validators {
		id, err := consortium.NodeIDOf(text)
		if err != nil {
			return nil, err
		}
		validator := txs.Validator{NodeID: id, End: uint64(in.Ends), Wght: consortium.Stake}
		_, err = wallet.IssueAddSubnetValidatorTx(&txs.SubnetValidator{Validator: validator, Subnet: subnet}, quickly)
		if err != nil {
			return nil, err
		}
	}
	chain, err := wallet.IssueCreateChainTx(subnet, in.Genesis, vm, nil, in.Name, quickly)
	if err != nil {
		return nil, err
	}
	asset := wallet.Builder().Context().AVAXAssetID
	parts := make([]*avax.TransferableOutput, consortium.TreasuryParts)
	for i := range parts {
		out := &secp256k1fx.TransferOutput{Amt: consortium.TreasuryAmount, OutputOwners: *owners}
		parts[i] = &avax.TransferableOutput{Asset: avax.Asset{ID: asset}, Out: out}
	}
	if _, err := wallet.IssueBaseTx(parts, quickly); err != nil {
		return nil, err
	}
	if _, err := wallet.IssueTransferSubnetOwnershipTx(subnet, owners, quickly); err != nil {
		return nil, err
	}
	return map[string]string{"subnet": subnet.String(), "chain": chain.ID().String()}, nil
}

const pollEvery = 100 * time.Millisecond

var quickly = common.WithPollFrequency(pollEvery)
