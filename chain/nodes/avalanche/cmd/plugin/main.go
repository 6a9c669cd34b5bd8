// Command plugin is subnet-evm, served to the node that starts it.
//
// Upstream's own main refuses to start below 32,768 file descriptors, which a
// chain of this size never opens. This one leaves the limit as it is.
//
// The node starts it without an environment, so what the Go runtime is told
// elsewhere by GOGC is said here.
//
// When the node is killed, upstream's plugin lives on if its output can still
// be written: it drops the signal that tells it so. This one looks for its
// parent, for what is left over holds the lock of the member's folder.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/ava-labs/avalanchego/graft/subnet-evm/plugin/evm"
	"github.com/ava-labs/avalanchego/vms/rpcchainvm"
)

// Collecting garbage at the default of 100 takes a tenth of the processor under
// load, at 300 a thirtieth. It costs some 80 megabytes under load; the limit is
// where the runtime begins to save.
const (
	collectAtPercent = 300
	memoryLimitBytes = 1 << 30
)

const lookForParentEvery = 500 * time.Millisecond

func main() {
	debug.SetGCPercent(collectAtPercent)
	debug.SetMemoryLimit(memoryLimitBytes)
	go endWith(os.Getppid())
	evm.RegisterAllLibEVMExtras()
	if err := rpcchainvm.Serve(context.Background(), &evm.VM{}); err != nil {
		fmt.Fprintln(os.Stderr, "the chain's plugin ended:", err)
		os.Exit(1)
	}
}

// endWith ends this process once it is no longer the child of parent.
func endWith(parent int) {
	for os.Getppid() == parent {
		time.Sleep(lookForParentEvery)
	}
	os.Exit(1)
}
