package documents

import (
	"runtime"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// TestNotesLeaveWithTheirDocuments holds that nothing is kept of a document that is gone.
func TestNotesLeaveWithTheirDocuments(t *testing.T) {
	t.Parallel()
	var notes Notes[int]
	func() {
		document := new(ast.QueryDocument)
		*notes.Of(document) = 7
		if *notes.Of(document) != 7 || notes.Len() != 1 {
			t.Errorf("%d of %d documents", *notes.Of(document), notes.Len())
		}
	}()
	for range 1000 {
		if runtime.GC(); notes.Len() == 0 {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d documents are kept", notes.Len())
}
