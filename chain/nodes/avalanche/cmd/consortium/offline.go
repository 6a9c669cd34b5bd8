package main

import (
	"encoding/hex"
	"time"

	"github.com/ava-labs/avalanchego/utils/crypto/secp256k1"

	"counterfoil/network/consortium"
)

// whose says to which of the known keys each address belongs.
func whose() (any, error) {
	var in struct {
		Addresses []string `json:"addresses"`
		Known     []string `json:"known"`
	}
	if err := read(&in); err != nil {
		return nil, err
	}
	found, err := consortium.Whose(in.Addresses, in.Known)
	if err != nil {
		return nil, err
	}
	return map[string][]string{"keys": found}, nil
}

// makeGenesis writes the primary network's genesis, and the key of its founder, which is made here and forgotten once
// the consortium has the money (found).
func makeGenesis() (any, error) {
	var in consortium.GenesisTerms
	if err := read(&in); err != nil {
		return nil, err
	}
	founder, err := secp256k1.NewPrivateKey()
	if err != nil {
		return nil, err
	}
	nobody, err := secp256k1.NewPrivateKey()
	if err != nil {
		return nil, err
	}
	made, err := consortium.Genesis(in, founder.Address(), nobody.Address(), time.Now())
	if err != nil {
		return nil, err
	}
	return map[string]any{"genesis": made, "founder": hex.EncodeToString(founder.Bytes())}, nil
}

// describe says what the transactions of a payload do and who has signed them.
func describe() (any, error) {
	var in struct {
		Payload consortium.Payload `json:"payload"`
		Known   []string           `json:"known"`
	}
	if err := read(&in); err != nil {
		return nil, err
	}
	deeds, err := in.Payload.Deeds(in.Known)
	if err != nil {
		return nil, err
	}
	return map[string]any{"deeds": deeds}, nil
}

// sign adds one owner's signatures.
func sign() (any, error) {
	var in struct {
		Payload consortium.Payload `json:"payload"`
		Key     string             `json:"key"`
	}
	if err := read(&in); err != nil {
		return nil, err
	}
	key, err := consortium.PrivateKey(in.Key)
	if err != nil {
		return nil, err
	}
	if err := in.Payload.Sign(key); err != nil {
		return nil, err
	}
	return in.Payload, nil
}
