package main

import (
	"encoding/hex"
	"path/filepath"
	"slices"

	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/staking"
	"github.com/ava-labs/avalanchego/utils"
	"github.com/ava-labs/avalanchego/utils/crypto/bls/signer/localsigner"
	"github.com/ava-labs/avalanchego/utils/crypto/secp256k1"
	"github.com/ava-labs/avalanchego/utils/formatting/address"
	"github.com/ava-labs/avalanchego/vms/platformvm/signer"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
)

// nodeIdentity is what others need to know of a node: its id and its BLS key with the proof that it holds it.
type nodeIdentity struct {
	NodeID string                    `json:"node_id"`
	Signer *signer.ProofOfPossession `json:"signer"`
}

// identity makes a node's TLS key, certificate and BLS key in a folder, or reads those that are there.
func identity() (any, error) {
	var in struct {
		Folder string `json:"folder"`
	}
	if err := read(&in); err != nil {
		return nil, err
	}
	key, certificate := filepath.Join(in.Folder, "staker.key"), filepath.Join(in.Folder, "staker.crt")
	if err := staking.InitNodeStakingKeyPair(key, certificate); err != nil {
		return nil, err
	}
	loaded, err := staking.LoadTLSCertFromFiles(key, certificate)
	if err != nil {
		return nil, err
	}
	parsed, err := staking.ParseCertificate(loaded.Leaf.Raw)
	if err != nil {
		return nil, err
	}
	secret, err := localsigner.FromFileOrPersistNew(filepath.Join(in.Folder, "signer.key"))
	if err != nil {
		return nil, err
	}
	proof, err := signer.NewProofOfPossession(secret)
	if err != nil {
		return nil, err
	}
	return nodeIdentity{ids.NodeIDFromCert(parsed).String(), proof}, nil
}

// ownersOf is the k of n that *keys* (compressed public keys, hex) are.
func ownersOf(keys []string, threshold uint32) (*secp256k1fx.OutputOwners, error) {
	if threshold < 1 || int(threshold) > len(keys) {
		return nil, refuse("network.threshold", "%d of %d owners can't be asked for", threshold, len(keys))
	}
	addresses := make([]ids.ShortID, len(keys))
	for i, text := range keys {
		key, err := publicKey(text)
		if err != nil {
			return nil, err
		}
		addresses[i] = key.Address()
	}
	utils.Sort(addresses)
	if len(slices.Compact(slices.Clone(addresses))) != len(addresses) {
		return nil, refuse("network.owner_twice", "an owner's key is named twice")
	}
	return &secp256k1fx.OutputOwners{Threshold: threshold, Addrs: addresses}, nil
}

// whose says to which of the known keys each address belongs; nothing for one that is none of theirs.
func whose() (any, error) {
	var in struct {
		Addresses []string `json:"addresses"` // as the node writes them, P-custom1...
		Known     []string `json:"known"`
	}
	if err := read(&in); err != nil {
		return nil, err
	}
	names, err := keysByAddress(in.Known)
	if err != nil {
		return nil, err
	}
	found := make([]string, len(in.Addresses))
	for i, text := range in.Addresses {
		id, err := address.ParseToID(text)
		if err != nil {
			return nil, refuse("network.tool_input", "%q is no address: %v", text, err)
		}
		found[i] = names[id]
	}
	return map[string][]string{"keys": found}, nil
}

// keysByAddress are the keys (compressed, hex) by the addresses that they give.
func keysByAddress(keys []string) (map[ids.ShortID]string, error) {
	found := map[ids.ShortID]string{}
	for _, text := range keys {
		key, err := publicKey(text)
		if err != nil {
			return nil, err
		}
		found[key.Address()] = hex.EncodeToString(key.Bytes())
	}
	return found, nil
}

func publicKey(text string) (*secp256k1.PublicKey, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, refuse("network.key_malformed", "%q is no public key in hex", text)
	}
	key, err := secp256k1.ToPublicKey(raw)
	if err != nil {
		return nil, refuse("network.key_malformed", "%q is no compressed secp256k1 key: %v", text, err)
	}
	return key, nil
}

func privateKey(text string) (*secp256k1.PrivateKey, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, refuse("network.key_malformed", "the private key is not hex")
	}
	key, err := secp256k1.ToPrivateKey(raw)
	if err != nil {
		return nil, refuse("network.key_malformed", "the private key is none of secp256k1")
	}
	return key, nil
}
