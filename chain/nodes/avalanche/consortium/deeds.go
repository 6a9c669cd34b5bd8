package consortium

import (
	"slices"

	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/utils/constants"
	"github.com/ava-labs/avalanchego/utils/set"
	"github.com/ava-labs/avalanchego/vms/components/avax"
	"github.com/ava-labs/avalanchego/vms/platformvm/fx"
	"github.com/ava-labs/avalanchego/vms/platformvm/txs"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
)

// Deed is what a transaction does, read out of the bytes that are signed.
type Deed struct {
	Does      string   `json:"does"` // stake, add, remove, owners, move
	NodeID    string   `json:"node_id,omitempty"`
	Owners    []string `json:"owners,omitempty"` // of the keys that are known by name here
	Threshold uint32   `json:"threshold,omitempty"`
	Ends      uint64   `json:"ends,omitempty"`
	Asked     []string `json:"asked"`
	Signed    []string `json:"signed"`
}

// Deeds says what the transactions of a payload do and who has signed them; *known* are further public keys that may
// become owners. A transaction that gives the network's money or its stakes to anybody but owners is refused.
func (p *Payload) Deeds(known []string) ([]Deed, error) {
	parsed, state, err := p.parse()
	if err != nil {
		return nil, err
	}
	names, err := keysByAddress(slices.Concat(p.Owners, known))
	if err != nil {
		return nil, err
	}
	given := []*secp256k1fx.OutputOwners{state.owners}
	for _, tx := range parsed {
		if one, ok := tx.Unsigned.(*txs.TransferSubnetOwnershipTx); ok {
			if next, ok := one.Owner.(*secp256k1fx.OutputOwners); ok {
				given = append(given, next)
			}
		}
	}
	deeds := []Deed{}
	for _, tx := range parsed {
		one, err := state.deedOf(tx.Unsigned, names, given)
		if err != nil {
			return nil, err
		}
		if burned(tx) > mostFee {
			return nil, Refuse("network.proposal_wrong", "the proposal burns more of the network's money than a fee can be")
		}
		wanted, signed, err := signersOf(tx, state)
		if err != nil {
			return nil, err
		}
		one.Asked, one.Signed = named(wanted, names), named(signed, names)
		deeds = append(deeds, one)
	}
	return deeds, nil
}

func (s *state) deedOf(unsigned txs.UnsignedTx, names map[ids.ShortID]string, given []*secp256k1fx.OutputOwners) (Deed, error) {
	wrong := Refuse("network.proposal_wrong", "the proposal does something else than a change of membership")
	ours := func(outs []*avax.TransferableOutput) bool {
		for _, out := range outs {
			transfer, ok := out.Out.(*secp256k1fx.TransferOutput)
			if !ok || !slices.ContainsFunc(given, transfer.OutputOwners.Equals) {
				return false
			}
		}
		return true
	}
	owner := func(found fx.Owner) bool {
		owners, ok := found.(*secp256k1fx.OutputOwners)
		return ok && slices.ContainsFunc(given, owners.Equals)
	}
	switch one := unsigned.(type) {
	case *txs.AddPermissionlessValidatorTx:
		if one.Subnet != constants.PrimaryNetworkID || one.Wght != Stake || !ours(one.Outs) || !ours(one.StakeOuts) ||
			!owner(one.ValidatorRewardsOwner) || !owner(one.DelegatorRewardsOwner) {
			return Deed{}, wrong
		}
		return Deed{Does: "stake", NodeID: one.Validator.NodeID.String(), Ends: one.End}, nil
	case *txs.AddSubnetValidatorTx:
		if one.Subnet != s.subnet || one.Wght != Stake || !ours(one.Outs) {
			return Deed{}, wrong
		}
		return Deed{Does: "add", NodeID: one.SubnetValidator.NodeID.String(), Ends: one.End}, nil
	case *txs.RemoveSubnetValidatorTx:
		if one.Subnet != s.subnet || !ours(one.Outs) {
			return Deed{}, wrong
		}
		return Deed{Does: "remove", NodeID: one.NodeID.String()}, nil
	case *txs.TransferSubnetOwnershipTx:
		next, ok := one.Owner.(*secp256k1fx.OutputOwners)
		if one.Subnet != s.subnet || !ok || !ours(one.Outs) {
			return Deed{}, wrong
		}
		return Deed{Does: "owners", Owners: named(set.Of(next.Addrs...), names), Threshold: next.Threshold}, nil
	case *txs.BaseTx:
		if !ours(one.Outs) {
			return Deed{}, wrong
		}
		return Deed{Does: "move"}, nil
	}
	return Deed{}, wrong
}

// mostFee is far above what any of these transactions costs, and a thousandth of one of the treasury's coins.
const mostFee = TreasuryAmount / 1_000

// burned is what a transaction takes in and gives to nobody.
func burned(tx *txs.Tx) uint64 {
	total := uint64(0)
	for _, in := range inputsOf(tx) {
		total += in.In.Amount()
	}
	outs := tx.Unsigned.Outputs()
	if one, ok := tx.Unsigned.(*txs.AddPermissionlessValidatorTx); ok {
		outs = slices.Concat(outs, one.StakeOuts)
	}
	for _, out := range outs {
		total -= out.Out.Amount()
	}
	return total
}
