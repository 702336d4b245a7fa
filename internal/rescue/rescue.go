// Package rescue keeps the process alive where a goroutine panics that no caller's recover can reach.
package rescue

import (
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
)

// Panic is a panic as an error. Its text has what was panicked with and the stack, several lines. It wraps nothing, so that it
// passes for no error that somebody expects.
type Panic struct {
	value any
	stack []byte
}

// New is called by what has recovered.
func New(panicked any) *Panic { return &Panic{panicked, debug.Stack()} }

func (p *Panic) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// LogValue has the stack, and the value only where it is the runtime's: any other may repeat what a caller or Dify has said.
func (p *Panic) LogValue() slog.Value {
	what := fmt.Sprintf("%T", p.value)
	if err, ok := p.value.(runtime.Error); ok {
		what = err.Error()
	}
	return slog.GroupValue(slog.String("panic", what), slog.String("stack", string(p.stack)))
}

// Call calls f. A panic in it becomes a [Panic].
func Call(f func() error) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = New(panicked)
		}
	}()
	return f()
}
