package list

import (
	"fmt"

	"github.com/difygraph/difygraph/graph/code"
)

// InputError says which argument is wrong and what is allowed. Nothing was asked of Dify, or Dify knows no better.
type InputError struct {
	// Argument is the argument's path as the caller wrote it, such as `filter.createdAt.since`.
	Argument string
	// Reason is a sentence for the caller.
	Reason string
}

// Code is the error's code.
func (e *InputError) Code() code.Code { return code.BadUserInput }

func (e *InputError) Error() string { return e.Argument + ": " + e.Reason }

// NewInputError formats the reason.
func NewInputError(argument, format string, args ...any) error {
	return &InputError{Argument: argument, Reason: fmt.Sprintf(format, args...)}
}

// CursorError says that a cursor is made up or belongs to another list.
type CursorError struct{ Argument, Reason string }

// Code is the error's code.
func (e *CursorError) Code() code.Code { return code.InvalidCursor }

func (e *CursorError) Error() string { return e.Argument + ": " + e.Reason }

// ErrBeyondInt is for a number of Dify's that is no Int, see [IsInt].
var ErrBeyondInt = code.New(code.UpstreamBadResponse, "what Dify has here is beyond the 32 bits of an Int")

// IsInt tells whether a number is one of GraphQL's Int, which has 32 bits.
func IsInt(n int) bool { return int(int32(n)) == n }

// AppError is the failure of one app.
type AppError struct {
	// App is the app's configured key.
	App string
	Err error
}

func (e *AppError) Error() string { return fmt.Sprintf("app %q: %v", e.App, e.Err) }

func (e *AppError) Unwrap() error { return e.Err }
