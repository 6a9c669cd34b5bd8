package consortium

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/utils/crypto/bls/signer/localsigner"
	"github.com/ava-labs/avalanchego/utils/crypto/secp256k1"
	"github.com/ava-labs/avalanchego/vms/components/avax"
	"github.com/ava-labs/avalanchego/vms/components/gas"
	"github.com/ava-labs/avalanchego/vms/platformvm/signer"
	"github.com/ava-labs/avalanchego/vms/platformvm/txs"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
	"github.com/ava-labs/avalanchego/wallet/chain/p/builder"
)

const seatEnds = 1_900_000_000

var (
	subnet = ids.ID{1}
	asset  = ids.ID{2}
	node   = ids.NodeID{3}
)

// house is a consortium with no network: its owners' keys, and their coins.
type house struct {
	secrets []*secp256k1.PrivateKey
	keys    []string
	now     Standing
}

// newHouse has n owners, of whom k decide, and some coins of a whole part of the treasury each.
func newHouse(t testing.TB, k uint32, n, coins int) *house {
	t.Helper()
	made := &house{}
	for i := range n {
		made.secrets = append(made.secrets, secretOf(t, byte(i+1)))
		made.keys = append(made.keys, hexOf(made.secrets[i]))
	}
	owners, err := OwnersOf(made.keys, k)
	if err != nil {
		t.Fatal(err)
	}
	context := &builder.Context{
		NetworkID: 770_011, AVAXAssetID: asset,
		ComplexityWeights: gas.Dimensions{1, 1, 1, 1}, GasPrice: 2,
	}
	made.now = Standing{Chain: context, Owners: owners}
	for i := range coins {
		made.now.Coins = append(made.now.Coins, coin(byte(i), owners))
	}
	return made
}

func secretOf(t testing.TB, seed byte) *secp256k1.PrivateKey {
	t.Helper()
	raw := make([]byte, secp256k1.PrivateKeyLen)
	raw[0] = seed
	key, err := secp256k1.ToPrivateKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func hexOf(key *secp256k1.PrivateKey) string { return hex.EncodeToString(key.PublicKey().Bytes()) }

func coin(number byte, owners *secp256k1fx.OutputOwners) *avax.UTXO {
	return &avax.UTXO{
		UTXOID: avax.UTXOID{TxID: ids.ID{9, number}, OutputIndex: uint32(number)},
		Asset:  avax.Asset{ID: asset},
		Out:    &secp256k1fx.TransferOutput{Amt: TreasuryAmount, OutputOwners: *owners},
	}
}

// change asks for *kind*, with what every kind needs.
func (h *house) change(t testing.TB, kind string) *Change {
	t.Helper()
	secret, err := localsigner.New()
	if err != nil {
		t.Fatal(err)
	}
	proof, err := signer.NewProofOfPossession(secret)
	if err != nil {
		t.Fatal(err)
	}
	return &Change{
		Kind: kind, Subnet: subnet.String(), Known: h.keys, Ends: seatEnds, NodeID: node.String(), Signer: proof,
		NewOwners: []string{hexOf(secretOf(t, 101)), hexOf(secretOf(t, 102))}, NewThreshold: 2,
	}
}

// propose is the payload of a change, which must succeed.
func (h *house) propose(t testing.TB, change *Change) *Payload {
	t.Helper()
	made, err := h.tryPropose(change)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (h *house) tryPropose(change *Change) (*Payload, error) {
	signers, err := change.SignersOf(h.keys, h.now.Owners.Threshold)
	if err != nil {
		return nil, err
	}
	return change.Propose(h.now, h.keys, signers)
}

// with is the payload of one transaction that somebody made by hand.
func (h *house) with(t testing.TB, unsigned txs.UnsignedTx) *Payload {
	t.Helper()
	tx := &txs.Tx{Unsigned: unsigned}
	if err := tx.Initialize(txs.Codec); err != nil {
		t.Fatal(err)
	}
	made := &Payload{Subnet: subnet.String(), Owners: h.keys, Threshold: h.now.Owners.Threshold}
	made.Transactions = []string{hex.EncodeToString(tx.Bytes())}
	for _, one := range h.now.Coins {
		raw, err := txs.Codec.Marshal(txs.CodecVersion, one)
		if err != nil {
			t.Fatal(err)
		}
		made.Spent = append(made.Spent, hex.EncodeToString(raw))
	}
	return made
}

// refused fails the test unless *err* is a refusal with *code*.
func refused(t *testing.T, err error, code string) {
	t.Helper()
	var found *Refusal
	if !errors.As(err, &found) || found.Code != code {
		t.Fatalf("%v was wanted, and it was %v", code, err)
	}
}
