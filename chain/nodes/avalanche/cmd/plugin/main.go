// Command plugin is subnet-evm, served to the node that starts it.
//
// Upstream's own main refuses to start below 32,768 file descriptors, which a
// chain of this size never opens. This one leaves the limit as it is.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/ava-labs/avalanchego/graft/subnet-evm/plugin/evm"
	"github.com/ava-labs/avalanchego/vms/rpcchainvm"
)

func main() {
	evm.RegisterAllLibEVMExtras()
	if err := rpcchainvm.Serve(context.Background(), &evm.VM{}); err != nil {
		fmt.Fprintln(os.Stderr, "the chain's plugin ended:", err)
		os.Exit(1)
	}
}
