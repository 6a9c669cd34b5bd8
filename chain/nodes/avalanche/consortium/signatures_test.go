package consortium

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/ava-labs/avalanchego/vms/platformvm/txs"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
)

func TestEveryAskedOwnerSignsAndThenItMayGo(t *testing.T) {
	for _, kind := range []string{"add", "remove", "owners"} {
		t.Run(kind, func(t *testing.T) {
			h := newHouse(t, 3, 4, 5)
			made := h.propose(t, h.change(t, kind))
			unsigned, _, _ := made.parse()
			for _, i := range []int{2, 0, 1} { // in any order
				_, err := made.Signed()
				refused(t, err, "network.signatures_missing")
				if err := made.Sign(h.secrets[i]); err != nil {
					t.Fatal(err)
				}
			}
			signed, err := made.Signed()
			if err != nil || len(signed) != len(unsigned) {
				t.Fatal(signed, err)
			}
			for i, tx := range signed {
				if got, want := hex.EncodeToString(tx.Unsigned.Bytes()), hex.EncodeToString(unsigned[i].Unsigned.Bytes()); got != want {
					t.Error("signing changed what is signed")
				}
			}
			deeds, err := made.Deeds(nil)
			if err != nil || !slices.Equal(deeds[0].Signed, deeds[0].Asked) {
				t.Error(deeds, err)
			}
		})
	}
}

func TestSigningTwiceChangesNothing(t *testing.T) {
	h := newHouse(t, 2, 3, 2)
	made := h.propose(t, h.change(t, "remove"))
	if err := made.Sign(h.secrets[0]); err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(made.Transactions)
	if err := made.Sign(h.secrets[0]); err != nil || !slices.Equal(before, made.Transactions) {
		t.Fatal(err)
	}
}

func TestAnotherThanThoseAskedCanNotSign(t *testing.T) {
	h := newHouse(t, 2, 3, 2)
	made := h.propose(t, h.change(t, "remove"))
	before := slices.Clone(made.Transactions)
	refused(t, made.Sign(h.secrets[2]), "network.not_a_signer")    // an owner, and not asked
	refused(t, made.Sign(secretOf(t, 99)), "network.not_a_signer") // nobody
	if !slices.Equal(before, made.Transactions) {
		t.Fatal("it was signed all the same")
	}
}

// TestASignatureMustBeAnOwnersOverTheseBytes puts one wrong signature where a right one stood.
func TestASignatureMustBeAnOwnersOverTheseBytes(t *testing.T) {
	h := newHouse(t, 2, 3, 2)
	right := h.propose(t, h.change(t, "remove"))
	if err := right.Sign(h.secrets[0]); err != nil {
		t.Fatal(err)
	}
	for name, bend := range map[string]func(tx *txs.Tx, sigs [][65]byte){
		"a bit is another":      func(_ *txs.Tx, sigs [][65]byte) { sigs[0][10] ^= 1 },
		"no point of the curve": func(_ *txs.Tx, sigs [][65]byte) { sigs[0][64] = 9 },
		"all ones": func(_ *txs.Tx, sigs [][65]byte) {
			for i := range sigs[0] {
				sigs[0][i] = 255
			}
		},
		"another's": func(tx *txs.Tx, sigs [][65]byte) {
			made, _ := secretOf(t, 99).Sign(tx.Unsigned.Bytes())
			sigs[0] = [65]byte(made)
		},
		"an owner's who was not asked": func(tx *txs.Tx, sigs [][65]byte) {
			made, _ := h.secrets[2].Sign(tx.Unsigned.Bytes())
			sigs[0] = [65]byte(made)
		},
		"over other bytes": func(_ *txs.Tx, sigs [][65]byte) {
			made, _ := h.secrets[0].Sign([]byte("another proposal"))
			sigs[0] = [65]byte(made)
		},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, _, err := right.parse()
			if err != nil {
				t.Fatal(err)
			}
			for _, credential := range parsed[0].Creds {
				sigs := credential.(*secp256k1fx.Credential).Sigs
				if sigs[0] == [65]byte{} {
					sigs = sigs[1:] // the first owner by address is another
				}
				bend(parsed[0], sigs)
			}
			if err := parsed[0].Initialize(txs.Codec); err != nil {
				t.Fatal(err)
			}
			bent := *right
			bent.Transactions = []string{hex.EncodeToString(parsed[0].Bytes())}
			_, err = bent.Deeds(nil)
			refused(t, err, "network.signature_wrong")
			_, err = bent.Signed()
			refused(t, err, "network.signature_wrong")
		})
	}
}

func TestSignaturesOfOnePayloadAreNoneOfAnother(t *testing.T) {
	h := newHouse(t, 2, 3, 2)
	one := h.propose(t, h.change(t, "remove"))
	if err := one.Sign(h.secrets[0]); err != nil {
		t.Fatal(err)
	}
	change := h.change(t, "add")
	h.now.IsStaked = true
	other := h.propose(t, change)
	from, _, _ := one.parse()
	to, _, _ := other.parse()
	to[0].Creds = from[0].Creds
	if err := to[0].Initialize(txs.Codec); err != nil {
		t.Fatal(err)
	}
	other.Transactions[0] = hex.EncodeToString(to[0].Bytes())
	_, err := other.Signed()
	refused(t, err, "network.signature_wrong")
}
