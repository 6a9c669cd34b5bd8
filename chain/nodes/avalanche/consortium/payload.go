package consortium

import (
	"context"
	"encoding/hex"

	"github.com/ava-labs/avalanchego/database"
	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/vms/components/avax"
	"github.com/ava-labs/avalanchego/vms/platformvm/fx"
	"github.com/ava-labs/avalanchego/vms/platformvm/txs"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
)

// Payload is a change of membership on its way: its transactions, and what they spend, so that an owner can sign it
// with no node at hand. Every transaction names the k owners who are to sign it.
type Payload struct {
	Subnet       string   `json:"subnet"`
	Owners       []string `json:"owners"`    // compressed public keys, hex
	Threshold    uint32   `json:"threshold"` // how many of them
	Transactions []string `json:"transactions"`
	Spent        []string `json:"spent"`
}

// state is what a builder or a signer of transactions asks, returned from what is at hand.
type state struct {
	subnet ids.ID
	owners *secp256k1fx.OutputOwners
	coins  map[ids.ID]*avax.UTXO
}

func (s *state) GetUTXO(_ context.Context, _, id ids.ID) (*avax.UTXO, error) {
	coin, ok := s.coins[id]
	if !ok {
		return nil, database.ErrNotFound
	}
	return coin, nil
}

func (s *state) GetOwner(_ context.Context, id ids.ID) (fx.Owner, error) {
	if id != s.subnet {
		return nil, database.ErrNotFound
	}
	return s.owners, nil
}

// parse reads the payload strictly: the transactions, and what they are signed against.
func (p *Payload) parse() ([]*txs.Tx, *state, error) {
	owners, err := OwnersOf(p.Owners, p.Threshold)
	if err != nil {
		return nil, nil, err
	}
	subnet, err := SubnetOf(p.Subnet)
	if err != nil {
		return nil, nil, err
	}
	known := &state{subnet, owners, map[ids.ID]*avax.UTXO{}}
	for _, text := range p.Spent {
		coin, err := coinOf(text)
		if err != nil {
			return nil, nil, err
		}
		known.coins[coin.InputID()] = coin
	}
	parsed := make([]*txs.Tx, len(p.Transactions))
	for i, text := range p.Transactions {
		raw, err := hex.DecodeString(text)
		if err != nil {
			return nil, nil, Refuse("network.proposal_malformed", "a transaction is not hex")
		}
		if parsed[i], err = txs.Parse(txs.Codec, raw); err != nil {
			return nil, nil, Refuse("network.proposal_malformed", "a transaction can't be read: %v", err)
		}
	}
	return parsed, known, nil
}

// SubnetOf is the subnet's id that *text* writes.
func SubnetOf(text string) (ids.ID, error) {
	id, err := ids.FromString(text)
	if err != nil {
		return ids.Empty, Refuse("network.subnet", "%q is no subnet's id", text)
	}
	return id, nil
}

func coinOf(text string) (*avax.UTXO, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, Refuse("network.proposal_malformed", "a spent output is not hex")
	}
	coin := &avax.UTXO{}
	if _, err := txs.Codec.Unmarshal(raw, coin); err != nil {
		return nil, Refuse("network.proposal_malformed", "a spent output can't be read: %v", err)
	}
	return coin, nil
}
