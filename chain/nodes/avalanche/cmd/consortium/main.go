// Command consortium makes the keys, the genesis and the membership transactions of a private network.
//
// It reads one JSON document from standard input and writes one to standard output. Private keys come in by standard
// input only, never as arguments, and are written nowhere. An error is {"code", "detail"} on standard error, with
// exit status 2.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"counterfoil/network/consortium"
)

const timeout = 4 * time.Minute

// read decodes standard input strictly: an unknown field is an error.
func read(to any) error {
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(to); err != nil {
		return consortium.Refuse("network.tool_input", "standard input is not what this command takes: %v", err)
	}
	return nil
}

func run(command string) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	switch command {
	case "identity":
		return identity()
	case "whose":
		return whose()
	case "genesis":
		return makeGenesis()
	case "found":
		return found(ctx)
	case "propose":
		return propose(ctx)
	case "describe":
		return describe()
	case "sign":
		return sign()
	case "submit":
		return submit(ctx)
	}
	return nil, consortium.Refuse("network.tool_input", "no command %q", command)
}

func main() {
	command := ""
	if len(os.Args) == 2 {
		command = os.Args[1]
	}
	said, err := run(command)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(said)
	}
	if err != nil {
		code := "network.tool_failed"
		var known *consortium.Refusal
		if errors.As(err, &known) {
			code = known.Code
		}
		_ = json.NewEncoder(os.Stderr).Encode(map[string]string{"code": code, "detail": err.Error()})
		os.Exit(2)
	}
}
