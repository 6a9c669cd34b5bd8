// Package consortium decides what a consortium does with its network: who its owners are, what its genesis says, which
// transactions a change of membership is, what those transactions do, and whose signatures they have.
//
// Nothing in it talks to a network or a file. What can't be true is refused with a stable code.
package consortium

import "fmt"

// Refusal is an error with a stable code.
type Refusal struct {
	Code   string
	Detail string
}

func (r *Refusal) Error() string { return r.Detail }

// Refuse makes a refusal with *code*.
func Refuse(code, format string, values ...any) error {
	return &Refusal{code, fmt.Sprintf(format, values...)}
}
