// Package documents keeps what was made of documents of GraphQL for as long as these are there.
package documents

import (
	"runtime"
	"sync"
	"weak"

	"github.com/vektah/gqlparser/v2/ast"
)

// Notes are what was made of documents, a T of each. They are safe for concurrent use, and so has a T to be.
type Notes[T any] struct {
	byDocument sync.Map // *T by weak.Pointer[ast.QueryDocument]
}

// Of is what there is of a document; a zero T at first. It leaves with the document.
func (n *Notes[T]) Of(document *ast.QueryDocument) *T {
	key := weak.Make(document)
	if kept, ok := n.byDocument.Load(key); ok {
		return kept.(*T)
	}
	kept, known := n.byDocument.LoadOrStore(key, new(T))
	if !known {
		runtime.AddCleanup(document, func(key weak.Pointer[ast.QueryDocument]) { n.byDocument.Delete(key) }, key)
	}
	return kept.(*T)
}

// Len is of how many documents there is something.
func (n *Notes[T]) Len() (documents int) {
	n.byDocument.Range(func(any, any) bool { documents++; return true })
	return documents
}
