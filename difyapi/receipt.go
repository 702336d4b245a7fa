package difyapi

import "time"

// Receipt is what is known of an answer beside its content. Every result of a call has one.
type Receipt struct {
	// Version is that of the server that answered; zero where a proxy hides it.
	Version Version `json:"-"`
	// SentAt is when the request was sent, UTC.
	SentAt time.Time `json:"-"`
	// Bytes is the size of the answer's body, decompressed: about what the result holds in memory.
	Bytes int `json:"-"`
}

// Size is Bytes, for those who hold results of any type.
func (r Receipt) Size() int { return r.Bytes }

func (a *answer) receipt() Receipt {
	return Receipt{Version: a.version, SentAt: a.sentAt, Bytes: len(a.body)}
}
