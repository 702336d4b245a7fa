package difyapi

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Receipt is what is known of an answer beside its content. Every result of a call has one.
type Receipt struct {
	// Version is that of the server that answered; zero where a proxy hides it.
	Version Version `json:"-"`
	// SentAt is when the request was sent, UTC.
	SentAt time.Time `json:"-"`
	// Requests is how many requests the answer took: more than 1 where a connection that was kept turned out to be dead.
	Requests int `json:"-"`
	// Bytes is the size of the answer's body, decompressed: about what the result holds in memory.
	Bytes int `json:"-"`
	// UnreadablePlaces is where in the body members stand that could not be read, such as data[3].workflow_run.total_tokens.
	UnreadablePlaces []string `json:"-"`
}

// Size is Bytes, for those who hold results of any type.
func (r Receipt) Size() int { return r.Bytes }

// Unread is UnreadablePlaces, for those who look at results of any type.
func (r Receipt) Unread() []string { return r.UnreadablePlaces }

func (a *answer) receipt(unreadable []jsontext.Pointer) Receipt {
	r := Receipt{Version: a.version, SentAt: a.sentAt, Requests: a.requests, Bytes: len(a.body)}
	for _, pointer := range unreadable {
		r.UnreadablePlaces = append(r.UnreadablePlaces, place(pointer))
	}
	return r
}
