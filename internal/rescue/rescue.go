// Package rescue keeps the process alive where a goroutine panics that no caller's recover can reach.
package rescue

import (
	"fmt"
	"runtime/debug"
)

// Call calls f. A panic in it becomes an error that has what was panicked with and the stack, several lines: it is for a log,
// not for callers. It wraps nothing, so that it passes for no error that somebody expects.
func Call(f func() error) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v\n%s", panicked, debug.Stack())
		}
	}()
	return f()
}
