package consortium

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestAPayloadThatCanNotBeReadIsRefused(t *testing.T) {
	h := newHouse(t, 2, 3, 2)
	for name, given := range map[string]struct {
		bend func(*Payload)
		code string
	}{
		"no subnet":                  {func(p *Payload) { p.Subnet = "" }, "network.subnet"},
		"a subnet cut short":         {func(p *Payload) { p.Subnet = p.Subnet[1:] }, "network.subnet"},
		"no owners":                  {func(p *Payload) { p.Owners = nil }, "network.threshold"},
		"no number of owners":        {func(p *Payload) { p.Threshold = 0 }, "network.threshold"},
		"more than all owners":       {func(p *Payload) { p.Threshold = 4 }, "network.threshold"},
		"the largest number":         {func(p *Payload) { p.Threshold = 1<<32 - 1 }, "network.threshold"},
		"an owner twice":             {func(p *Payload) { p.Owners[1] = p.Owners[0] }, "network.owner_twice"},
		"an owner that is none":      {func(p *Payload) { p.Owners[1] = "03" }, "network.key_malformed"},
		"a transaction not in hex":   {func(p *Payload) { p.Transactions[0] = "zz" }, "network.proposal_malformed"},
		"an empty transaction":       {func(p *Payload) { p.Transactions[0] = "" }, "network.proposal_malformed"},
		"a transaction cut short":    {func(p *Payload) { p.Transactions[0] = p.Transactions[0][:200] }, "network.proposal_malformed"},
		"a transaction and a byte":   {func(p *Payload) { p.Transactions[0] += "00" }, "network.proposal_malformed"},
		"another codec's":            {func(p *Payload) { p.Transactions[0] = "ffff" + p.Transactions[0][4:] }, "network.proposal_malformed"},
		"a transaction of no kind":   {func(p *Payload) { p.Transactions[0] = p.Transactions[0][:4] + "7fffffff" + p.Transactions[0][12:] }, "network.proposal_malformed"},
		"a coin not in hex":          {func(p *Payload) { p.Spent[0] = "0" }, "network.proposal_malformed"},
		"an empty coin":              {func(p *Payload) { p.Spent[0] = "" }, "network.proposal_malformed"},
		"a coin cut short":           {func(p *Payload) { p.Spent[0] = p.Spent[0][:40] }, "network.proposal_malformed"},
		"a coin and a byte":          {func(p *Payload) { p.Spent[0] += "00" }, "network.proposal_malformed"},
		"a transaction for its coin": {func(p *Payload) { p.Spent[0] = p.Transactions[0] }, "network.proposal_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			made := h.propose(t, h.change(t, "remove"))
			made.Owners = append([]string{}, made.Owners...)
			given.bend(made)
			_, err := made.Deeds(nil)
			refused(t, err, given.code)
			_, err = made.Signed()
			refused(t, err, given.code)
			refused(t, made.Sign(h.secrets[0]), given.code)
		})
	}
}

func TestAPayloadWhoseCoinIsNotNamedAsksForFewerAndIsSignedByNone(t *testing.T) {
	h := newHouse(t, 2, 3, 2)
	made := h.propose(t, h.change(t, "remove"))
	made.Spent = nil
	deeds, err := made.Deeds(nil)
	if err != nil || len(deeds[0].Asked) != 2 {
		t.Fatal("the subnet's owners are asked still:", deeds, err)
	}
}

// FuzzPayload hands the reader of proposals whatever bytes: it returns or refuses with a code, and what it took means
// the same when it is read again. Further seeds: testdata/fuzz/FuzzPayload.
func FuzzPayload(f *testing.F) {
	h := newHouse(f, 2, 3, 4)
	for _, kind := range []string{"add", "remove", "owners"} {
		made := h.propose(f, h.change(f, kind))
		f.Add(made.Transactions[0], strings.Join(made.Spent, ","))
		if err := made.Sign(h.secrets[0]); err != nil {
			f.Fatal(err)
		}
		f.Add(made.Transactions[0], strings.Join(made.Spent, ","))
		f.Add(made.Transactions[0], made.Spent[0][:60])
	}
	f.Add("", "")
	f.Fuzz(func(t *testing.T, transaction, spent string) {
		given := Payload{Subnet: subnet.String(), Owners: h.keys, Threshold: 2, Transactions: []string{transaction}}
		if spent != "" {
			given.Spent = strings.Split(spent, ",")
		}
		deeds, err := given.Deeds(nil)
		var found *Refusal
		if err != nil && !errors.As(err, &found) {
			t.Fatal("no code:", err)
		}
		again, second := given.Deeds(nil)
		if one, other := asJSON(deeds), asJSON(again); one != other || (err == nil) != (second == nil) {
			t.Fatal(one, other)
		}
		_, _ = given.Signed()
		if given.Sign(h.secrets[1]) == nil && err == nil {
			if _, err := given.Deeds(nil); err != nil {
				t.Fatal("an owner's own signature makes it unreadable:", err)
			}
		}
	})
}

func asJSON(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}
