package consortium

import (
	"encoding/hex"
	"slices"

	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/utils"
	"github.com/ava-labs/avalanchego/utils/crypto/secp256k1"
	"github.com/ava-labs/avalanchego/utils/formatting/address"
	"github.com/ava-labs/avalanchego/utils/set"
	"github.com/ava-labs/avalanchego/vms/platformvm/fx"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
)

// OwnersOf is the k of n that *keys* (compressed public keys, hex) are.
func OwnersOf(keys []string, threshold uint32) (*secp256k1fx.OutputOwners, error) {
	if threshold < 1 || int(threshold) > len(keys) {
		return nil, Refuse("network.threshold", "%d of %d owners can't be asked for", threshold, len(keys))
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
		return nil, Refuse("network.owner_twice", "an owner's key is named twice")
	}
	return &secp256k1fx.OutputOwners{Threshold: threshold, Addrs: addresses}, nil
}

// KeysOf are the owners' public keys, in the order in which *known* names them.
func KeysOf(owners *secp256k1fx.OutputOwners, known []string) ([]string, error) {
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
		return nil, Refuse("network.owners_unknown", "%d of the network's %d owners are not in this folder's network.json",
			addresses.Len(), len(owners.Addrs))
	}
	return found, nil
}

// Whose says to which of the *known* keys each address, as the node writes it (P-custom1...), belongs; nothing for one
// that is none of theirs.
func Whose(addresses, known []string) ([]string, error) {
	names, err := keysByAddress(known)
	if err != nil {
		return nil, err
	}
	found := make([]string, len(addresses))
	for i, text := range addresses {
		id, err := address.ParseToID(text)
		if err != nil {
			return nil, Refuse("network.tool_input", "%q is no address: %v", text, err)
		}
		found[i] = names[id]
	}
	return found, nil
}

func sameOwners(found fx.Owner, wanted *secp256k1fx.OutputOwners) bool {
	owners, ok := found.(*secp256k1fx.OutputOwners)
	return ok && owners.Equals(wanted)
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

// named are the public keys of these addresses, or the address where the key is not known.
func named(addresses set.Set[ids.ShortID], names map[ids.ShortID]string) []string {
	found := []string{}
	for address := range addresses {
		if name, ok := names[address]; ok {
			found = append(found, name)
		} else {
			found = append(found, address.String())
		}
	}
	slices.Sort(found)
	return found
}

func publicKey(text string) (*secp256k1.PublicKey, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, Refuse("network.key_malformed", "%q is no public key in hex", text)
	}
	key, err := secp256k1.ToPublicKey(raw)
	if err != nil {
		return nil, Refuse("network.key_malformed", "%q is no compressed secp256k1 key: %v", text, err)
	}
	return key, nil
}

// PrivateKey is the key that *text* is in hex; a refusal does not repeat it.
func PrivateKey(text string) (*secp256k1.PrivateKey, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, Refuse("network.key_malformed", "the private key is not hex")
	}
	key, err := secp256k1.ToPrivateKey(raw)
	if err != nil {
		return nil, Refuse("network.key_malformed", "the private key is none of secp256k1")
	}
	return key, nil
}
