package list

import (
	"context"
	"time"
)

// Reader reads pages of lists. Errors are an [InputError], or an [AppError] around what is known of an app's failure.
type Reader interface {
	Read(ctx context.Context, req Request) (*Page, error)
}

// Request asks for a page.
type Request struct {
	List  List
	Slice Slice
	// Partial makes the list go on without apps that can't be read; else it fails.
	Partial bool
	// Rows, Flags and Total are what is wanted of the page: its rows, whether there are more, and how many there are in
	// all. What is not wanted costs no call.
	Rows, Flags, Total bool
	// Unforeseen says that the operation's price does not have the page's calls in it. All of them are extra then.
	Unforeseen bool
	// ScanCalls is how many calls each stream of rows may take where rows are filtered here; the reader's own bound if 0.
	ScanCalls int
	// AppTimeout is how long an app may take before it counts as failed; no limit but that of each call if 0.
	AppTimeout time.Duration
}

// Toward is the way in which time runs while the page is read.
func (r Request) Toward() Direction { return r.List.order.direction(r.Slice.Backward) }
