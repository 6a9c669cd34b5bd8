package consortium

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/utils/constants"
	"github.com/ava-labs/avalanchego/utils/set"
	"github.com/ava-labs/avalanchego/vms/components/avax"
	"github.com/ava-labs/avalanchego/vms/platformvm/reward"
	"github.com/ava-labs/avalanchego/vms/platformvm/signer"
	"github.com/ava-labs/avalanchego/vms/platformvm/txs"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
	"github.com/ava-labs/avalanchego/wallet/chain/p/builder"
	psigner "github.com/ava-labs/avalanchego/wallet/chain/p/signer"
	"github.com/ava-labs/avalanchego/wallet/subnet/primary/common"
)

// The stake of a node outlives its seat in the subnet: the engine allows no other order.
const stakeOutlivesSeat = 24 * time.Hour

// Change is one change of membership, as it is asked for.
type Change struct {
	Kind    string   `json:"kind"` // add, remove, owners
	Subnet  string   `json:"subnet"`
	Known   []string `json:"known"`   // the members' public keys: the owners are among them
	Signers []string `json:"signers"` // who is to sign
	Ends    int64    `json:"ends"`

	NodeID string                    `json:"node_id,omitempty"`
	Signer *signer.ProofOfPossession `json:"signer,omitempty"`

	NewOwners    []string `json:"new_owners,omitempty"`
	NewThreshold uint32   `json:"new_threshold,omitempty"`
}

// Standing is what the network says of itself before the change.
type Standing struct {
	Chain    *builder.Context
	Owners   *secp256k1fx.OutputOwners
	Coins    []*avax.UTXO // the owners' own, to be spent in this order
	IsStaked bool         // the node that is to be added has its seat in the primary network already
}

// CoinsOf are those of *coins* that the owners hold together.
func CoinsOf(owners *secp256k1fx.OutputOwners, coins []*avax.UTXO) []*avax.UTXO {
	held := []*avax.UTXO{}
	for _, coin := range coins {
		if out, ok := coin.Out.(*secp256k1fx.TransferOutput); ok && sameOwners(&out.OutputOwners, owners) {
			held = append(held, coin)
		}
	}
	return held
}

// SignersOf are those who are to sign: whom the change names, or the first k of the owners' *keys*.
func (c *Change) SignersOf(keys []string, threshold uint32) (*secp256k1fx.OutputOwners, error) {
	if len(c.Signers) == 0 {
		c.Signers = keys[:threshold]
	}
	return OwnersOf(c.Signers, 1)
}

// Propose builds the unsigned transactions of the change, for *signers* to sign.
func (c *Change) Propose(now Standing, keys []string, signers *secp256k1fx.OutputOwners) (*Payload, error) {
	subnet, err := SubnetOf(c.Subnet)
	if err != nil {
		return nil, err
	}
	money := &treasury{state{subnet, now.Owners, map[ids.ID]*avax.UTXO{}}, now.Coins}
	for _, coin := range now.Coins {
		money.state.coins[coin.InputID()] = coin
	}
	build := builder.New(set.Of(signers.Addrs...), now.Chain, money)
	unsigned, err := c.transactions(build, money, now.IsStaked)
	if errors.Is(err, builder.ErrInsufficientAuthorization) || errors.Is(err, builder.ErrInsufficientFunds) {
		return nil, Refuse("network.signers", "these %d owners are not enough to sign, or the network's money is used up: %v",
			len(c.Signers), err)
	}
	if err != nil {
		return nil, err
	}
	out := &Payload{Subnet: c.Subnet, Owners: keys, Threshold: now.Owners.Threshold}
	for _, one := range unsigned {
		if err := out.add(one, &money.state); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// add puts one transaction, with no signature in it yet, and what it spends into the payload.
func (p *Payload) add(unsigned txs.UnsignedTx, known *state) error {
	ctx := context.Background()
	tx, err := psigner.SignUnsigned(ctx, psigner.New(secp256k1fx.NewKeychain(), known), unsigned)
	if err != nil {
		return err
	}
	p.Transactions = append(p.Transactions, hex.EncodeToString(tx.Bytes()))
	for id := range unsigned.InputIDs() {
		coin, err := known.GetUTXO(ctx, constants.PlatformChainID, id)
		if err != nil {
			return err
		}
		raw, err := txs.Codec.Marshal(txs.CodecVersion, coin)
		if err != nil {
			return err
		}
		p.Spent = append(p.Spent, hex.EncodeToString(raw))
	}
	return nil
}

func (c *Change) transactions(build builder.Builder, money *treasury, isStaked bool) ([]txs.UnsignedTx, error) {
	owners, subnet := money.owners, money.subnet
	change := common.WithChangeOwner(owners)
	if c.Kind == "owners" {
		return c.ownersTransactions(build, money)
	}
	id, err := NodeIDOf(c.NodeID)
	if err != nil {
		return nil, err
	}
	if c.Kind == "remove" {
		removed, err := build.NewRemoveSubnetValidatorTx(id, subnet, change)
		return []txs.UnsignedTx{removed}, err
	}
	if c.Kind != "add" {
		return nil, Refuse("network.tool_input", "no kind %q", c.Kind)
	}
	unsigned := []txs.UnsignedTx{}
	if !isStaked {
		onPrimary := txs.Validator{NodeID: id, End: uint64(c.Ends + int64(stakeOutlivesSeat/time.Second)), Wght: Stake}
		staked, err := build.NewAddPermissionlessValidatorTx(
			&txs.SubnetValidator{Validator: onPrimary, Subnet: constants.PrimaryNetworkID},
			c.Signer, build.Context().AVAXAssetID, owners, owners, reward.PercentDenominator, change,
		)
		if err != nil {
			return nil, err
		}
		money.without(staked.Ins)
		unsigned = append(unsigned, staked)
	}
	inSubnet := txs.Validator{NodeID: id, End: uint64(c.Ends), Wght: Stake}
	added, err := build.NewAddSubnetValidatorTx(&txs.SubnetValidator{Validator: inSubnet, Subnet: subnet}, change)
	return append(unsigned, added), err
}

// ownersTransactions give the subnet and the rest of the money to new owners.
func (c *Change) ownersTransactions(build builder.Builder, money *treasury) ([]txs.UnsignedTx, error) {
	next, err := OwnersOf(c.NewOwners, c.NewThreshold)
	if err != nil {
		return nil, err
	}
	given, err := build.NewTransferSubnetOwnershipTx(money.subnet, next, common.WithChangeOwner(next))
	if err != nil {
		return nil, err
	}
	money.without(given.Ins)
	if len(money.left) == 0 {
		return nil, builder.ErrInsufficientFunds
	}
	asset := build.Context().AVAXAssetID
	parts := []*avax.TransferableOutput{}
	for _, coin := range money.left[1:] { // the first pays for the move
		out := &secp256k1fx.TransferOutput{Amt: coin.Out.(*secp256k1fx.TransferOutput).Amt, OutputOwners: *next}
		parts = append(parts, &avax.TransferableOutput{Asset: avax.Asset{ID: asset}, Out: out})
	}
	moved, err := build.NewBaseTx(parts, common.WithChangeOwner(next))
	return []txs.UnsignedTx{given, moved}, err
}

// treasury is the consortium's money as the builder sees it: what a transaction of the same proposal has spent is gone.
type treasury struct {
	state
	left []*avax.UTXO
}

func (t *treasury) UTXOs(context.Context, ids.ID) ([]*avax.UTXO, error) { return t.left, nil }

func (t *treasury) without(ins []*avax.TransferableInput) {
	spent := set.Set[ids.ID]{}
	for _, in := range ins {
		spent.Add(in.InputID())
	}
	kept := []*avax.UTXO{}
	for _, coin := range t.left {
		if !spent.Contains(coin.InputID()) {
			kept = append(kept, coin)
		}
	}
	t.left = kept
}
