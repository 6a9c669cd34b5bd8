package consortium

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/ava-labs/avalanchego/genesis"
	"github.com/ava-labs/avalanchego/ids"
)

var begins = time.Unix(1_700_000_060, 0)

func genesisTerms() GenesisTerms {
	return GenesisTerms{NetworkID: 770_011, Years: 2, CChainGenesis: "{}", Nodes: []NodeIdentity{
		{NodeID: ids.NodeID{1}.String()}, {NodeID: ids.NodeID{2}.String()}, {NodeID: ids.NodeID{3}.String()},
	}}
}

func TestGenesisGivesAllMoneyToTheFounderAndTheStakesToNobody(t *testing.T) {
	founder, nobody := ids.ShortID{7}, ids.ShortID{8}
	raw, err := Genesis(genesisTerms(), founder, nobody, begins)
	if err != nil {
		t.Fatal(err)
	}
	var said genesis.UnparsedConfig
	if err := json.Unmarshal(raw, &said); err != nil {
		t.Fatal(err)
	}
	read, err := said.Parse()
	if err != nil {
		t.Fatal("the node could not read it:", err)
	}
	if len(read.Allocations) != 2 {
		t.Fatal("somebody else is given money:", read.Allocations)
	}
	money, stakes := read.Allocations[0], read.Allocations[1]
	if money.AVAXAddr != founder || money.InitialAmount != 1 || len(money.UnlockSchedule) != 1 ||
		money.UnlockSchedule[0].Amount != 24*TreasuryAmount+foundingAmount {
		t.Error("the founder's:", money)
	}
	if stakes.AVAXAddr != nobody || stakes.InitialAmount != 0 || len(stakes.UnlockSchedule) != 1 ||
		stakes.UnlockSchedule[0].Amount != 3*Stake {
		t.Error("the stakes:", stakes)
	}
	if len(read.InitialStakedFunds) != 1 || read.InitialStakedFunds[0] != nobody {
		t.Error("what is staked is not nobody's:", read.InitialStakedFunds)
	}
	if read.StartTime != 1_700_000_000 || read.InitialStakeDuration != 2*365*24*3600 {
		t.Error("it begins a minute ago and lasts two years:", read.StartTime, read.InitialStakeDuration)
	}
	if read.NetworkID != 770_011 || read.CChainGenesis != "{}" {
		t.Error(read.NetworkID, read.CChainGenesis)
	}
	for i, staker := range read.InitialStakers {
		if want := (ids.NodeID{byte(i + 1)}); staker.NodeID != want || staker.RewardAddress != nobody {
			t.Error(staker)
		}
	}
	if len(read.InitialStakers) != 3 {
		t.Error(len(read.InitialStakers), "nodes begin")
	}
}

func TestGenesisNamesANodeThatIsNone(t *testing.T) {
	for _, text := range []string{"", "NodeID-", "NodeID-5", node.String()[1:], node.String() + "1"} {
		terms := genesisTerms()
		terms.Nodes[1].NodeID = text
		_, err := Genesis(terms, ids.ShortID{7}, ids.ShortID{8}, begins)
		refused(t, err, "network.node_id")
	}
}
