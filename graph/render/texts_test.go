package render

import (
	"strconv"
	"strings"
	"testing"
)

// TestKeptTextsAreBounded holds that lists are kept in a number of bytes, what they are kept by included, and only those that are
// written twice.
func TestKeptTextsAreBounded(t *testing.T) {
	t.Parallel()
	const bound = 1 << 20
	kept := newTexts(bound)
	for i := range 10_000 {
		key := strconv.Itoa(i) + strings.Repeat("k", 1000)
		if kept.find(key) != nil {
			t.Fatal("a list is kept that was never written")
		}
		for range 1 + i%3 {
			kept.keep(key, make([]byte, i%5000), 0)
		}
		if i%3 == 0 && kept.find(key) != nil {
			t.Fatal("a list is kept that was written once")
		}
	}
	bytes, texts := 0, 0
	for key, t := range kept.byIdentity.All() {
		bytes, texts = bytes+len(key)+cap(t.json), texts+1
	}
	if bytes > bound || texts < 100 {
		t.Errorf("%d lists take %d bytes of %d", texts, bytes, bound)
	}
}
