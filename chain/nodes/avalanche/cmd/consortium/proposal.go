package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/ava-labs/avalanchego/database"
	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/utils/constants"
	"github.com/ava-labs/avalanchego/utils/crypto/secp256k1"
	"github.com/ava-labs/avalanchego/utils/hashing"
	"github.com/ava-labs/avalanchego/utils/set"
	"github.com/ava-labs/avalanchego/vms/components/avax"
	"github.com/ava-labs/avalanchego/vms/platformvm"
	"github.com/ava-labs/avalanchego/vms/platformvm/fx"
	"github.com/ava-labs/avalanchego/vms/platformvm/reward"
	"github.com/ava-labs/avalanchego/vms/platformvm/signer"
	"github.com/ava-labs/avalanchego/vms/platformvm/txs"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
	"github.com/ava-labs/avalanchego/wallet/chain/p/builder"
	psigner "github.com/ava-labs/avalanchego/wallet/chain/p/signer"
	"github.com/ava-labs/avalanchego/wallet/chain/p/wallet"
	"github.com/ava-labs/avalanchego/wallet/subnet/primary"
	"github.com/ava-labs/avalanchego/wallet/subnet/primary/common"
)

var quickly = common.WithPollFrequency(pollEvery)

// payload is a change of membership on its way: its transactions, and what they spend, so that an owner can sign it
// with no node at hand. Every transaction names the k owners who are to sign it.
type payload struct {
	Subnet       string   `json:"subnet"`
	Owners       []string `json:"owners"`    // compressed public keys, hex
	Threshold    uint32   `json:"threshold"` // how many of them
	Transactions []string `json:"transactions"`
	Spent        []string `json:"spent"`
}

type request struct {
	URI     string   `json:"uri"`
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

// treasury is the consortium's money as the builder sees it: what a transaction of the same proposal has spent is gone.
type treasury struct {
	wallet.Backend
	coins []*avax.UTXO
}

func (t *treasury) UTXOs(context.Context, ids.ID) ([]*avax.UTXO, error) { return t.coins, nil }

func (t *treasury) without(ins []*avax.TransferableInput) {
	spent := set.Set[ids.ID]{}
	for _, in := range ins {
		spent.Add(in.InputID())
	}
	kept := t.coins[:0]
	for _, coin := range t.coins {
		if !spent.Contains(coin.InputID()) {
			kept = append(kept, coin)
		}
	}
	t.coins = kept
}

// propose builds the unsigned transactions of one change and asks the node nothing but the state that they need.
func propose(ctx context.Context) (any, error) {
	var in request
	if err := read(&in); err != nil {
		return nil, err
	}
	subnet, err := ids.FromString(in.Subnet)
	if err != nil {
		return nil, refuse("network.subnet", "%q is no subnet's id", in.Subnet)
	}
	client := platformvm.NewClient(in.URI)
	onChain, err := platformvm.GetSubnetOwners(client, ctx, subnet)
	if err != nil {
		return nil, err
	}
	owners, ok := onChain[subnet].(*secp256k1fx.OutputOwners)
	if !ok {
		return nil, refuse("network.owners_unknown", "the network has no owners of a known kind")
	}
	keys, err := keysOf(owners, in.Known)
	if err != nil {
		return nil, err
	}
	if len(in.Signers) == 0 {
		in.Signers = keys[:owners.Threshold]
	}
	signers, err := ownersOf(in.Signers, 1)
	if err != nil {
		return nil, err
	}
	_, chain, utxos, err := primary.FetchPState(ctx, in.URI, set.Of(owners.Addrs...))
	if err != nil {
		return nil, err
	}
	backend := wallet.NewBackend(common.NewChainUTXOs(constants.PlatformChainID, utxos), onChain)
	money := &treasury{Backend: backend}
	coins, err := backend.UTXOs(ctx, constants.PlatformChainID)
	if err != nil {
		return nil, err
	}
	for _, coin := range coins {
		if out, ok := coin.Out.(*secp256k1fx.TransferOutput); ok && sameOwners(&out.OutputOwners, owners) {
			money.coins = append(money.coins, coin)
		}
	}
	// Two proposals at a time seldom want the same coin.
	rand.Shuffle(len(money.coins), func(i, j int) { money.coins[i], money.coins[j] = money.coins[j], money.coins[i] })
	isStaked, err := in.isStaked(ctx, client)
	if err != nil {
		return nil, err
	}
	build := builder.New(set.Of(signers.Addrs...), chain, money)
	unsigned, err := in.transactions(build, money, subnet, owners, isStaked)
	if errors.Is(err, builder.ErrInsufficientAuthorization) || errors.Is(err, builder.ErrInsufficientFunds) {
		return nil, refuse("network.signers", "these %d owners are not enough to sign, or the network's money is used up: %v",
			len(in.Signers), err)
	}
	if err != nil {
		return nil, err
	}
	out := payload{Subnet: in.Subnet, Owners: keys, Threshold: owners.Threshold}
	for _, one := range unsigned {
		tx, err := psigner.SignUnsigned(ctx, psigner.New(secp256k1fx.NewKeychain(), backend), one)
		if err != nil {
			return nil, err
		}
		out.Transactions = append(out.Transactions, hex.EncodeToString(tx.Bytes()))
		for id := range one.InputIDs() {
			coin, err := backend.GetUTXO(ctx, constants.PlatformChainID, id)
			if err != nil {
				return nil, err
			}
			raw, err := txs.Codec.Marshal(txs.CodecVersion, coin)
			if err != nil {
				return nil, err
			}
			out.Spent = append(out.Spent, hex.EncodeToString(raw))
		}
	}
	return out, nil
}

// isStaked tells whether the node that is to be added has its seat in the primary network already: it was a validator
// before.
func (in *request) isStaked(ctx context.Context, client *platformvm.Client) (bool, error) {
	if in.Kind != "add" {
		return false, nil
	}
	id, err := ids.NodeIDFromString(in.NodeID)
	if err != nil {
		return false, refuse("network.node_id", "%q is no node's id", in.NodeID)
	}
	found, err := client.GetCurrentValidators(ctx, constants.PrimaryNetworkID, []ids.NodeID{id})
	return len(found) > 0, err
}

func (in *request) transactions(
	build builder.Builder, money *treasury, subnet ids.ID, owners *secp256k1fx.OutputOwners, isStaked bool,
) ([]txs.UnsignedTx, error) {
	change := common.WithChangeOwner(owners)
	if in.Kind == "owners" {
		return in.ownersTransactions(build, money, subnet, owners)
	}
	id, err := ids.NodeIDFromString(in.NodeID)
	if err != nil {
		return nil, refuse("network.node_id", "%q is no node's id", in.NodeID)
	}
	if in.Kind == "remove" {
		removed, err := build.NewRemoveSubnetValidatorTx(id, subnet, change)
		return []txs.UnsignedTx{removed}, err
	}
	if in.Kind != "add" {
		return nil, refuse("network.tool_input", "no kind %q", in.Kind)
	}
	unsigned := []txs.UnsignedTx{}
	if !isStaked {
		onPrimary := txs.Validator{NodeID: id, End: uint64(in.Ends + int64(24*time.Hour/time.Second)), Wght: stake}
		staked, err := build.NewAddPermissionlessValidatorTx(
			&txs.SubnetValidator{Validator: onPrimary, Subnet: constants.PrimaryNetworkID},
			in.Signer, build.Context().AVAXAssetID, owners, owners, reward.PercentDenominator, change,
		)
		if err != nil {
			return nil, err
		}
		money.without(staked.Ins)
		unsigned = append(unsigned, staked)
	}
	inSubnet := txs.Validator{NodeID: id, End: uint64(in.Ends), Wght: stake}
	added, err := build.NewAddSubnetValidatorTx(&txs.SubnetValidator{Validator: inSubnet, Subnet: subnet}, change)
	return append(unsigned, added), err
}

// ownersTransactions give the subnet and the rest of the money to new owners.
func (in *request) ownersTransactions(
	build builder.Builder, money *treasury, subnet ids.ID, owners *secp256k1fx.OutputOwners,
) ([]txs.UnsignedTx, error) {
	next, err := ownersOf(in.NewOwners, in.NewThreshold)
	if err != nil {
		return nil, err
	}
	given, err := build.NewTransferSubnetOwnershipTx(subnet, next, common.WithChangeOwner(next))
	if err != nil {
		return nil, err
	}
	money.without(given.Ins)
	if len(money.coins) == 0 {
		return nil, builder.ErrInsufficientFunds
	}
	asset := build.Context().AVAXAssetID
	parts := []*avax.TransferableOutput{}
	for _, coin := range money.coins[1:] { // the first pays for the move
		out := &secp256k1fx.TransferOutput{Amt: coin.Out.(*secp256k1fx.TransferOutput).Amt, OutputOwners: *next}
		parts = append(parts, &avax.TransferableOutput{Asset: avax.Asset{ID: asset}, Out: out})
	}
	moved, err := build.NewBaseTx(parts, common.WithChangeOwner(next))
	return []txs.UnsignedTx{given, moved}, err
}

// keysOf are the owners' public keys, in the order in which *known* names them.
func keysOf(owners *secp256k1fx.OutputOwners, known []string) ([]string, error) {
	addresses := set.Of(owners.Addrs...)
	found := []string{}
	for _, text := range known {
		key, err := publicKey(text)
		if err != nil {
			return nil, err
		}
		if addresses.Contains(key.Address()) {
			addresses.Remove(key.Address())
			found = append(found, text)
		}
	}
	if addresses.Len() > 0 {
		return nil, refuse("network.owners_unknown", "%d of the network's %d owners are not in this folder's network.json",
			addresses.Len(), len(owners.Addrs))
	}
	return found, nil
}

func sameOwners(found fx.Owner, wanted *secp256k1fx.OutputOwners) bool {
	owners, ok := found.(*secp256k1fx.OutputOwners)
	return ok && owners.Equals(wanted)
}

// offline answers a signer's questions from the payload alone.
type offline struct {
	subnet ids.ID
	owners *secp256k1fx.OutputOwners
	coins  map[ids.ID]*avax.UTXO
}

func (o *offline) GetUTXO(_ context.Context, _, id ids.ID) (*avax.UTXO, error) {
	coin, ok := o.coins[id]
	if !ok {
		return nil, database.ErrNotFound
	}
	return coin, nil
}

func (o *offline) GetOwner(_ context.Context, id ids.ID) (fx.Owner, error) {
	if id != o.subnet {
		return nil, database.ErrNotFound
	}
	return o.owners, nil
}

func (p *payload) parse() ([]*txs.Tx, *offline, error) {
	owners, err := ownersOf(p.Owners, p.Threshold)
	if err != nil {
		return nil, nil, err
	}
	subnet, err := ids.FromString(p.Subnet)
	if err != nil {
		return nil, nil, refuse("network.subnet", "%q is no subnet's id", p.Subnet)
	}
	state := &offline{subnet, owners, map[ids.ID]*avax.UTXO{}}
	for _, text := range p.Spent {
		coin := &avax.UTXO{}
		if err := decode(text, coin); err != nil {
			return nil, nil, err
		}
		state.coins[coin.InputID()] = coin
	}
	parsed := make([]*txs.Tx, len(p.Transactions))
	for i, text := range p.Transactions {
		raw, err := hex.DecodeString(text)
		if err != nil {
			return nil, nil, refuse("network.proposal_malformed", "a transaction is not hex")
		}
		if parsed[i], err = txs.Parse(txs.Codec, raw); err != nil {
			return nil, nil, refuse("network.proposal_malformed", "a transaction can't be read: %v", err)
		}
	}
	return parsed, state, nil
}

func decode(text string, to any) error {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return refuse("network.proposal_malformed", "a spent output is not hex")
	}
	if _, err := txs.Codec.Unmarshal(raw, to); err != nil {
		return refuse("network.proposal_malformed", "a spent output can't be read: %v", err)
	}
	return nil
}

// sign adds one owner's signatures and asks no node for anything.
func sign() (any, error) {
	var in struct {
		Payload payload `json:"payload"`
		Key     string  `json:"key"`
	}
	if err := read(&in); err != nil {
		return nil, err
	}
	key, err := privateKey(in.Key)
	if err != nil {
		return nil, err
	}
	parsed, state, err := in.Payload.parse()
	if err != nil {
		return nil, err
	}
	signer := psigner.New(secp256k1fx.NewKeychain(key), state)
	for i, tx := range parsed {
		before := tx.Bytes()
		if err := signer.Sign(context.Background(), tx); err != nil {
			return nil, err
		}
		if bytes.Equal(before, tx.Bytes()) {
			wanted, signed, err := signersOf(tx, state)
			if err != nil {
				return nil, err
			}
			if signed.Contains(key.Address()) {
				continue
			}
			if !wanted.Contains(key.Address()) {
				return nil, refuse("network.not_a_signer", "this key is not among the owners who are to sign this proposal")
			}
		}
		in.Payload.Transactions[i] = hex.EncodeToString(tx.Bytes())
	}
	return in.Payload, nil
}

// signersOf are the owners whose signatures *tx* asks for, and those whose true signatures it has.
func signersOf(tx *txs.Tx, state *offline) (set.Set[ids.ShortID], set.Set[ids.ShortID], error) {
	wanted, signed := set.Set[ids.ShortID]{}, set.Set[ids.ShortID]{}
	digest := hashing.ComputeHash256(tx.Unsigned.Bytes())
	for _, addr := range askedOf(tx, state) {
		wanted.Add(addr)
	}
	for _, credential := range tx.Creds {
		found, ok := credential.(*secp256k1fx.Credential)
		if !ok {
			return nil, nil, refuse("network.proposal_malformed", "a signature of an unknown kind")
		}
		for _, signature := range found.Sigs {
			if signature == ([secp256k1.SignatureLen]byte{}) {
				continue
			}
			key, err := secp256k1.RecoverPublicKeyFromHash(digest, signature[:])
			if err != nil || !wanted.Contains(key.Address()) {
				return nil, nil, refuse("network.signature_wrong", "the proposal carries a signature that is not an owner's over it")
			}
			signed.Add(key.Address())
		}
	}
	return wanted, signed, nil
}

func askedOf(tx *txs.Tx, state *offline) []ids.ShortID {
	asked := []ids.ShortID{}
	ask := func(owners *secp256k1fx.OutputOwners, indices []uint32) {
		for _, i := range indices {
			if int(i) < len(owners.Addrs) {
				asked = append(asked, owners.Addrs[i])
			}
		}
	}
	auth := func(found any) {
		if in, ok := found.(*secp256k1fx.Input); ok {
			ask(state.owners, in.SigIndices)
		}
	}
	switch one := tx.Unsigned.(type) {
	case *txs.AddSubnetValidatorTx:
		auth(one.SubnetAuth)
	case *txs.RemoveSubnetValidatorTx:
		auth(one.SubnetAuth)
	case *txs.TransferSubnetOwnershipTx:
		auth(one.SubnetAuth)
	}
	for _, in := range inputsOf(tx) {
		coin, known := state.coins[in.InputID()]
		spend, ok := in.In.(*secp256k1fx.TransferInput)
		if !known || !ok {
			continue
		}
		if out, ok := coin.Out.(*secp256k1fx.TransferOutput); ok {
			ask(&out.OutputOwners, spend.SigIndices)
		}
	}
	return asked
}

func inputsOf(tx *txs.Tx) []*avax.TransferableInput {
	switch one := tx.Unsigned.(type) {
	case *txs.AddSubnetValidatorTx:
		return one.Ins
	case *txs.RemoveSubnetValidatorTx:
		return one.Ins
	case *txs.TransferSubnetOwnershipTx:
		return one.Ins
	case *txs.AddPermissionlessValidatorTx:
		return one.Ins
	case *txs.BaseTx:
		return one.Ins
	}
	return nil
}

// submit hands the transactions to the network one after another, each once the one before is accepted.
func submit(ctx context.Context) (any, error) {
	var in struct {
		URI     string  `json:"uri"`
		Payload payload `json:"payload"`
	}
	if err := read(&in); err != nil {
		return nil, err
	}
	parsed, state, err := in.Payload.parse()
	if err != nil {
		return nil, err
	}
	for _, tx := range parsed {
		wanted, signed, err := signersOf(tx, state)
		if err != nil {
			return nil, err
		}
		if missing := wanted.Len() - signed.Len(); missing > 0 {
			return nil, refuse("network.signatures_missing", "%d of %d signatures are missing", missing, wanted.Len())
		}
	}
	client := platformvm.NewClient(in.URI)
	issued := []string{}
	for _, tx := range parsed {
		id := tx.ID()
		if _, err := client.IssueTx(ctx, tx.Bytes()); err != nil {
			// Sent before, by this command or another member's: then only wait.
			if _, known := client.GetTx(ctx, id); known != nil {
				return nil, refuse("network.not_taken", "the network did not take the change: %v", err)
			}
		}
		if err := platformvm.AwaitTxAccepted(client, ctx, id, pollEvery); err != nil {
			return nil, refuse("network.not_accepted", "the network did not accept the change: %v", err)
		}
		issued = append(issued, id.String())
	}
	return map[string]any{"transactions": issued}, nil
}
