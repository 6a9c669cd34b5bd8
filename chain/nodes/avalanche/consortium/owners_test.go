package consortium

import (
	"slices"
	"strings"
	"testing"

	"github.com/ava-labs/avalanchego/utils/formatting/address"
)

func TestOwnersAreKOfN(t *testing.T) {
	one, other := hexOf(secretOf(t, 1)), hexOf(secretOf(t, 2))
	for name, given := range map[string]struct {
		keys      []string
		threshold uint32
		code      string
	}{
		"one of two":          {[]string{one, other}, 1, ""},
		"two of two":          {[]string{one, other}, 2, ""},
		"none of two":         {[]string{one, other}, 0, "network.threshold"},
		"three of two":        {[]string{one, other}, 3, "network.threshold"},
		"nobody":              {nil, 1, "network.threshold"},
		"a key twice":         {[]string{one, one}, 2, "network.owner_twice"},
		"twice, in capitals":  {[]string{one, strings.ToUpper(one)}, 1, "network.owner_twice"},
		"no hex":              {[]string{"xy"}, 1, "network.key_malformed"},
		"nothing":             {[]string{""}, 1, "network.key_malformed"},
		"a byte short":        {[]string{one[:64]}, 1, "network.key_malformed"},
		"a byte more":         {[]string{one + "00"}, 1, "network.key_malformed"},
		"not on the curve":    {[]string{"02" + strings.Repeat("ff", 32)}, 1, "network.key_malformed"},
		"an uncompressed tag": {[]string{"04" + one[2:]}, 1, "network.key_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := OwnersOf(given.keys, given.threshold)
			if given.code != "" {
				refused(t, err, given.code)
				return
			}
			if err != nil || found.Threshold != given.threshold || len(found.Addrs) != len(given.keys) {
				t.Fatal(found, err)
			}
			if err := found.Verify(); err != nil {
				t.Fatal("the network would not take these owners:", err)
			}
		})
	}
}

func TestOwnersDoNotDependOnTheOrderOfTheirKeys(t *testing.T) {
	keys := newHouse(t, 3, 5, 0).keys
	one, _ := OwnersOf(keys, 3)
	slices.Reverse(keys)
	other, _ := OwnersOf(keys, 3)
	if !one.Equals(other) {
		t.Fatal(one, other)
	}
}

func TestKeysOfOwnersComeInTheOrderOfThoseKnown(t *testing.T) {
	h := newHouse(t, 3, 4, 0)
	stranger := hexOf(secretOf(t, 77))
	known := append([]string{stranger}, h.keys...)
	slices.Reverse(known)
	found, err := KeysOf(h.now.Owners, known)
	if err != nil || !slices.Equal(found, known[:4]) {
		t.Fatal(found, err)
	}
	_, err = KeysOf(h.now.Owners, append(h.keys[1:], stranger))
	refused(t, err, "network.owners_unknown")
	_, err = KeysOf(h.now.Owners, []string{"02"})
	refused(t, err, "network.key_malformed")
}

func TestAnAddressIsItsKeysOrNobodys(t *testing.T) {
	keys := newHouse(t, 1, 2, 0).keys
	texts := []string{}
	for _, seed := range []byte{2, 77} {
		text, err := address.Format("P", "custom", secretOf(t, seed).Address().Bytes())
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	found, err := Whose(texts, keys)
	if err != nil || !slices.Equal(found, []string{keys[1], ""}) {
		t.Fatal(found, err)
	}
	_, err = Whose([]string{"P-custom1nothing"}, keys)
	refused(t, err, "network.tool_input")
}

func TestARefusedPrivateKeyIsNotRepeated(t *testing.T) {
	for _, text := range []string{"", "secret", "5ec4e7", strings.Repeat("5e", 33)} {
		_, err := PrivateKey(text)
		refused(t, err, "network.key_malformed")
		if text != "" && strings.Contains(err.Error(), text) {
			t.Fatal("the refusal tells the key:", err)
		}
	}
}
