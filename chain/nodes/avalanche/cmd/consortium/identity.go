package main

import (
	"path/filepath"

	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/staking"
	"github.com/ava-labs/avalanchego/utils/crypto/bls/signer/localsigner"
	"github.com/ava-labs/avalanchego/vms/platformvm/signer"

	"counterfoil/network/consortium"
)

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
	return consortium.NodeIdentity{NodeID: ids.NodeIDFromCert(parsed).String(), Signer: proof}, nil
}
