// Package fairshare divides a limited number of bytes among callers, none of whom can take what others need.
//
// It is a dynamic threshold (Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet switches"): a caller
// may take more as long as it then has no more than what is left. So a caller alone has half of the bytes at most, n that want all
// have 1/(n+1) each, and as much is left for whoever comes new, who can have half of that at least.
package fairshare

// Bytes are what callers share. They are not safe for concurrent use.
type Bytes struct {
	limit, taken int64
	by           map[string]int64
}

// New shares so many bytes.
func New(limit int64) *Bytes { return &Bytes{limit: limit, by: make(map[string]int64)} }

// Resize changes how many there are. What callers have stays theirs, be it more.
func (b *Bytes) Resize(limit int64) { b.limit = limit }

// Free is how many nobody has; below 0 after they were made fewer.
func (b *Bytes) Free() int64 { return b.limit - b.taken }

// Of is how many a caller has.
func (b *Bytes) Of(caller string) int64 { return b.by[caller] }

// Allow tells whether one that has so many may take more: at least as many as it has then have to be left.
func (b *Bytes) Allow(has, more int64) bool { return has+more <= b.Free()-more }

// Add counts bytes that a caller takes, allowed or not, or gives back where they are below 0.
func (b *Bytes) Add(caller string, bytes int64) {
	b.taken += bytes
	if b.by[caller] += bytes; b.by[caller] == 0 {
		delete(b.by, caller)
	}
}
