package consortium

import (
	"testing"

	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/vms/components/avax"
	"github.com/ava-labs/avalanchego/vms/platformvm/txs"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
)

// first is the transaction of *kind* at *place* as it is rightly built, to be bent in one place.
func first[T txs.UnsignedTx](t *testing.T, h *house, kind string, place int) T {
	t.Helper()
	parsed, _, err := h.propose(t, h.change(t, kind)).parse()
	if err != nil {
		t.Fatal(err)
	}
	return parsed[place].Unsigned.(T)
}

// TestATransactionThatDoesSomethingElseIsRefused bends rightly built transactions, each in one place.
func TestATransactionThatDoesSomethingElseIsRefused(t *testing.T) {
	h := newHouse(t, 2, 3, 4)
	stranger := secp256k1fx.OutputOwners{Threshold: 1, Addrs: []ids.ShortID{secretOf(t, 99).Address()}}
	stolen := func(outs []*avax.TransferableOutput) {
		outs[0].Out.(*secp256k1fx.TransferOutput).OutputOwners = stranger
	}
	fewer := h.now.Owners.Threshold - 1
	for name, made := range map[string]func(*testing.T) txs.UnsignedTx{
		"the stake's change is another's": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.AddPermissionlessValidatorTx](t, h, "add", 0)
			stolen(tx.Outs)
			return tx
		},
		"the stake comes back to another": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.AddPermissionlessValidatorTx](t, h, "add", 0)
			stolen(tx.StakeOuts)
			return tx
		},
		"the stake's reward is another's": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.AddPermissionlessValidatorTx](t, h, "add", 0)
			tx.ValidatorRewardsOwner = &stranger
			return tx
		},
		"the delegators' reward is another's": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.AddPermissionlessValidatorTx](t, h, "add", 0)
			tx.DelegatorRewardsOwner = &stranger
			return tx
		},
		"the stake is another's weight": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.AddPermissionlessValidatorTx](t, h, "add", 0)
			tx.Wght++
			return tx
		},
		"the stake is in a subnet": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.AddPermissionlessValidatorTx](t, h, "add", 0)
			tx.Subnet = subnet
			return tx
		},
		"a seat in another subnet": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.AddSubnetValidatorTx](t, h, "add", 1)
			tx.Subnet = ids.ID{66}
			return tx
		},
		"a seat of double weight": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.AddSubnetValidatorTx](t, h, "add", 1)
			tx.Wght *= 2
			return tx
		},
		"the seat's change is another's": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.AddSubnetValidatorTx](t, h, "add", 1)
			stolen(tx.Outs)
			return tx
		},
		"the seat's change is fewer owners'": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.AddSubnetValidatorTx](t, h, "add", 1)
			tx.Outs[0].Out.(*secp256k1fx.TransferOutput).Threshold = fewer
			return tx
		},
		"the seat's change is locked": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.AddSubnetValidatorTx](t, h, "add", 1)
			tx.Outs[0].Out.(*secp256k1fx.TransferOutput).Locktime = seatEnds
			return tx
		},
		"a removal from another subnet": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.RemoveSubnetValidatorTx](t, h, "remove", 0)
			tx.Subnet = ids.ID{66}
			return tx
		},
		"the removal's change is another's": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.RemoveSubnetValidatorTx](t, h, "remove", 0)
			stolen(tx.Outs)
			return tx
		},
		"another subnet's owners": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.TransferSubnetOwnershipTx](t, h, "owners", 0)
			tx.Subnet = ids.ID{66}
			return tx
		},
		"the owners' change is another's": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.TransferSubnetOwnershipTx](t, h, "owners", 0)
			stolen(tx.Outs)
			return tx
		},
		"a move to another": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.BaseTx](t, h, "owners", 1)
			for _, out := range tx.Outs {
				out.Out.(*secp256k1fx.TransferOutput).OutputOwners = *h.now.Owners
			}
			stolen(tx.Outs)
			return tx
		},
		"more is burned than a fee": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.RemoveSubnetValidatorTx](t, h, "remove", 0)
			tx.Outs[0].Out.(*secp256k1fx.TransferOutput).Amt = TreasuryAmount - mostFee - 1
			return tx
		},
		"nothing comes back": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.RemoveSubnetValidatorTx](t, h, "remove", 0)
			tx.Outs = nil
			return tx
		},
		"more comes out than goes in": func(t *testing.T) txs.UnsignedTx {
			tx := first[*txs.RemoveSubnetValidatorTx](t, h, "remove", 0)
			tx.Outs[0].Out.(*secp256k1fx.TransferOutput).Amt = TreasuryAmount + 1
			return tx
		},
		"a new subnet": func(t *testing.T) txs.UnsignedTx {
			base := first[*txs.RemoveSubnetValidatorTx](t, h, "remove", 0).BaseTx
			return &txs.CreateSubnetTx{BaseTx: base, Owner: h.now.Owners}
		},
		"money to another chain": func(t *testing.T) txs.UnsignedTx {
			base := first[*txs.RemoveSubnetValidatorTx](t, h, "remove", 0).BaseTx
			return &txs.ExportTx{BaseTx: base, DestinationChain: ids.ID{5}, ExportedOutputs: base.Outs}
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.with(t, made(t)).Deeds(nil)
			refused(t, err, "network.proposal_wrong")
		})
	}
}

// TestWhatIsNotBentIsTaken shows that it is the bending which the test above sees.
func TestWhatIsNotBentIsTaken(t *testing.T) {
	h := newHouse(t, 2, 3, 4)
	for does, made := range map[string]txs.UnsignedTx{
		"stake":  first[*txs.AddPermissionlessValidatorTx](t, h, "add", 0),
		"add":    first[*txs.AddSubnetValidatorTx](t, h, "add", 1),
		"remove": first[*txs.RemoveSubnetValidatorTx](t, h, "remove", 0),
		"owners": first[*txs.TransferSubnetOwnershipTx](t, h, "owners", 0),
	} {
		deeds, err := h.with(t, made).Deeds(nil)
		if err != nil || len(deeds) != 1 || deeds[0].Does != does {
			t.Error(does, deeds, err)
		}
	}
	removed := first[*txs.RemoveSubnetValidatorTx](t, h, "remove", 0)
	removed.Outs[0].Out.(*secp256k1fx.TransferOutput).Amt = TreasuryAmount - mostFee
	if _, err := h.with(t, removed).Deeds(nil); err != nil {
		t.Error("the most that a fee may be:", err)
	}
}

func TestNewOwnersWhoAreNotKnownAreShownByAddress(t *testing.T) {
	h := newHouse(t, 2, 3, 4)
	change := h.change(t, "owners")
	deeds, err := h.propose(t, change).Deeds(change.NewOwners[:1])
	if err != nil || len(deeds[0].Owners) != 2 {
		t.Fatal(deeds, err)
	}
	unknown := secretOf(t, 102).Address().String()
	if deeds[0].Owners[0] != change.NewOwners[0] && deeds[0].Owners[1] != change.NewOwners[0] ||
		deeds[0].Owners[0] != unknown && deeds[0].Owners[1] != unknown {
		t.Error(deeds[0].Owners)
	}
}
