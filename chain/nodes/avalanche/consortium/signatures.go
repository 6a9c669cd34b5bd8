package consortium

import (
	"bytes"
	"context"
	"encoding/hex"

	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/utils/crypto/secp256k1"
	"github.com/ava-labs/avalanchego/utils/hashing"
	"github.com/ava-labs/avalanchego/utils/set"
	"github.com/ava-labs/avalanchego/vms/components/avax"
	"github.com/ava-labs/avalanchego/vms/platformvm/txs"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
	psigner "github.com/ava-labs/avalanchego/wallet/chain/p/signer"
)

// Sign adds one owner's signatures to the payload's transactions and asks no node for anything.
func (p *Payload) Sign(key *secp256k1.PrivateKey) error {
	parsed, known, err := p.parse()
	if err != nil {
		return err
	}
	signer := psigner.New(secp256k1fx.NewKeychain(key), known)
	for i, tx := range parsed {
		before := tx.Bytes()
		if err := signer.Sign(context.Background(), tx); err != nil {
			return err
		}
		if bytes.Equal(before, tx.Bytes()) {
			wanted, signed, err := signersOf(tx, known)
			if err != nil {
				return err
			}
			if signed.Contains(key.Address()) {
				continue
			}
			if !wanted.Contains(key.Address()) {
				return Refuse("network.not_a_signer", "this key is not among the owners who are to sign this proposal")
			}
		}
		p.Transactions[i] = hex.EncodeToString(tx.Bytes())
	}
	return nil
}

// Signed are the payload's transactions, once each has every signature that it asks for.
func (p *Payload) Signed() ([]*txs.Tx, error) {
	parsed, known, err := p.parse()
	if err != nil {
		return nil, err
	}
	for _, tx := range parsed {
		wanted, signed, err := signersOf(tx, known)
		if err != nil {
			return nil, err
		}
		if missing := wanted.Len() - signed.Len(); missing > 0 {
			return nil, Refuse("network.signatures_missing", "%d of %d signatures are missing", missing, wanted.Len())
		}
	}
	return parsed, nil
}

// signersOf are the owners whose signatures *tx* asks for, and those whose true signatures it has.
func signersOf(tx *txs.Tx, known *state) (set.Set[ids.ShortID], set.Set[ids.ShortID], error) {
	wanted, signed := set.Set[ids.ShortID]{}, set.Set[ids.ShortID]{}
	digest := hashing.ComputeHash256(tx.Unsigned.Bytes())
	for _, addr := range askedOf(tx, known) {
		wanted.Add(addr)
	}
	for _, credential := range tx.Creds {
		found, ok := credential.(*secp256k1fx.Credential)
		if !ok {
			return nil, nil, Refuse("network.proposal_malformed", "a signature of an unknown kind")
		}
		for _, signature := range found.Sigs {
			if signature == ([secp256k1.SignatureLen]byte{}) {
				continue
			}
			key, err := secp256k1.RecoverPublicKeyFromHash(digest, signature[:])
			if err != nil || !wanted.Contains(key.Address()) {
				return nil, nil, Refuse("network.signature_wrong", "the proposal carries a signature that is not an owner's over it")
			}
			signed.Add(key.Address())
		}
	}
	return wanted, signed, nil
}

func askedOf(tx *txs.Tx, known *state) []ids.ShortID {
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
			ask(known.owners, in.SigIndices)
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
		coin, isKnown := known.coins[in.InputID()]
		spend, ok := in.In.(*secp256k1fx.TransferInput)
		if !isKnown || !ok {
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
