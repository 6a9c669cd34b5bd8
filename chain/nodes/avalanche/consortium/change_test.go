package consortium

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ava-labs/avalanchego/utils/constants"
	"github.com/ava-labs/avalanchego/vms/components/avax"
	"github.com/ava-labs/avalanchego/vms/platformvm/txs"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
)

// TestAPayloadDoesWhatWasAskedFor reads each proposal back from its bytes, as an owner's own tool does.
func TestAPayloadDoesWhatWasAskedFor(t *testing.T) {
	const dayS = 24 * 3600
	for name, asked := range map[string]struct {
		kind     string
		isStaked bool
		does     []Deed
	}{
		"a new node is staked a day longer than it is seated": {"add", false, []Deed{
			{Does: "stake", NodeID: node.String(), Ends: seatEnds + dayS},
			{Does: "add", NodeID: node.String(), Ends: seatEnds},
		}},
		"a node with a stake is seated": {"add", true, []Deed{
			{Does: "add", NodeID: node.String(), Ends: seatEnds},
		}},
		"a node is removed": {"remove", false, []Deed{{Does: "remove", NodeID: node.String()}}},
		"owners follow, and the money with them": {"owners", false, []Deed{
			{Does: "owners", Threshold: 2}, {Does: "move"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, 3, 4, 5)
			h.now.IsStaked = asked.isStaked
			change := h.change(t, asked.kind)
			deeds, err := h.propose(t, change).Deeds(change.NewOwners)
			if err != nil || len(deeds) != len(asked.does) {
				t.Fatal(deeds, err)
			}
			who := slices.Sorted(slices.Values(h.keys[:3]))
			for i, want := range asked.does {
				if want.Does == "owners" {
					want.Owners = slices.Sorted(slices.Values(change.NewOwners))
				}
				want.Asked, want.Signed = who, []string{}
				if fmt.Sprint(deeds[i]) != fmt.Sprint(want) {
					t.Errorf("%+v is not %+v", deeds[i], want)
				}
			}
		})
	}
}

func TestThoseWhoAreToSignMayBeNamed(t *testing.T) {
	h := newHouse(t, 2, 4, 1)
	change := h.change(t, "remove")
	change.Signers = []string{h.keys[3], h.keys[1]}
	deeds, err := h.propose(t, change).Deeds(nil)
	if err != nil || !slices.Equal(deeds[0].Asked, slices.Sorted(slices.Values(change.Signers))) {
		t.Fatal(deeds, err)
	}
}

func TestAChangeThatCanNotBeIsRefused(t *testing.T) {
	for name, given := range map[string]struct {
		kind  string
		coins int
		bend  func(*house, *Change)
		code  string
	}{
		"no such kind":                {"rename", 3, func(*house, *Change) {}, "network.tool_input"},
		"no kind":                     {"", 3, func(*house, *Change) {}, "network.tool_input"},
		"no node":                     {"remove", 3, func(_ *house, c *Change) { c.NodeID = "NodeID-5" }, "network.node_id"},
		"no subnet":                   {"remove", 3, func(_ *house, c *Change) { c.Subnet = "5" }, "network.subnet"},
		"too few signers":             {"remove", 3, func(h *house, c *Change) { c.Signers = h.keys[:2] }, "network.signers"},
		"a stranger signs":            {"remove", 3, func(_ *house, c *Change) { c.Signers = c.NewOwners }, "network.signers"},
		"a signer twice":              {"remove", 3, func(h *house, c *Change) { c.Signers = []string{h.keys[0], h.keys[0]} }, "network.owner_twice"},
		"no money":                    {"remove", 0, func(*house, *Change) {}, "network.signers"},
		"money for the stake alone":   {"add", 1, func(*house, *Change) {}, "network.signers"},
		"money for the owners alone":  {"owners", 1, func(*house, *Change) {}, "network.signers"},
		"new owners without a number": {"owners", 3, func(_ *house, c *Change) { c.NewThreshold = 0 }, "network.threshold"},
		"more than all of the new":    {"owners", 3, func(_ *house, c *Change) { c.NewThreshold = 3 }, "network.threshold"},
		"a new owner twice":           {"owners", 3, func(_ *house, c *Change) { c.NewOwners[1] = c.NewOwners[0] }, "network.owner_twice"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, 3, 4, given.coins)
			change := h.change(t, given.kind)
			given.bend(h, change)
			_, err := h.tryPropose(change)
			refused(t, err, given.code)
		})
	}
}

func TestOnlyCoinsOfAllOwnersTogetherAreSpent(t *testing.T) {
	h := newHouse(t, 3, 4, 2)
	alone, _ := OwnersOf(h.keys[:1], 1)
	fewer, _ := OwnersOf(h.keys, 2)
	all := append([]*avax.UTXO{coin(50, alone), coin(51, fewer)}, h.now.Coins...)
	if found := CoinsOf(h.now.Owners, all); len(found) != 2 || found[0] != all[2] || found[1] != all[3] {
		t.Fatal(found)
	}
}

func TestOwnersWhoFollowTakeEveryCoin(t *testing.T) {
	h := newHouse(t, 2, 3, 6)
	change := h.change(t, "owners")
	next, _ := OwnersOf(change.NewOwners, change.NewThreshold)
	parsed, _, err := h.propose(t, change).parse()
	if err != nil {
		t.Fatal(err)
	}
	spent, given := 0, uint64(0)
	for _, tx := range parsed {
		spent += len(inputsOf(tx))
		for _, out := range tx.Unsigned.Outputs() {
			if !sameOwners(&out.Out.(*secp256k1fx.TransferOutput).OutputOwners, next) {
				t.Error("a coin is not theirs:", out)
			}
			given += out.Out.Amount()
		}
	}
	if fee := 6*uint64(TreasuryAmount) - given; spent != 6 || fee == 0 || fee > 2*mostFee {
		t.Error(spent, "coins spent, and burned", fee)
	}
}

func TestAStakeComesBackToTheOwners(t *testing.T) {
	h := newHouse(t, 2, 3, 2)
	parsed, _, err := h.propose(t, h.change(t, "add")).parse()
	if err != nil {
		t.Fatal(err)
	}
	staked := parsed[0].Unsigned.(*txs.AddPermissionlessValidatorTx)
	if staked.Subnet != constants.PrimaryNetworkID || staked.Wght != Stake || len(staked.StakeOuts) != 1 {
		t.Fatal(staked)
	}
	if out := staked.StakeOuts[0].Out.(*secp256k1fx.TransferOutput); !sameOwners(&out.OutputOwners, h.now.Owners) {
		t.Error(out)
	}
	if !sameOwners(staked.ValidatorRewardsOwner, h.now.Owners) || !sameOwners(staked.DelegatorRewardsOwner, h.now.Owners) {
		t.Error("a reward is another's")
	}
}
