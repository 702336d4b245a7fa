package graph

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

// prices are the last estimates of one document's operations: a dashboard asks for the same again and again.
type prices struct {
	mu   sync.Mutex
	last [4]priced
	next int // the one to forget
}

// priced is an estimate, by all that it depends on beside the document and the limits.
type priced struct {
	operation *ast.OperationDefinition
	apps      int // that the viewer may read
	variables string
	estimate  estimate
}

// find returns a copy: an operation has an account of its own.
func (p *prices) find(of priced) *estimate {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.last {
		if kept := &p.last[i]; kept.operation == of.operation && kept.apps == of.apps && kept.variables == of.variables {
			return new(kept.estimate)
		}
	}
	return nil
}

func (p *prices) keep(of priced) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last[p.next] = of
	p.next = (p.next + 1) % len(p.last)
}

// maxVariables is how long variables may be, as [appendVariable] writes them, for a price to be kept.
const maxVariables = 512

// variablesKey is the same for equal variables alone. It is false of those that are too long to be worth it.
func variablesKey(variables map[string]any) (string, bool) {
	b, ok := appendVariable(make([]byte, 0, maxVariables), variables)
	return string(b), ok
}

// appendVariable writes a value so that nothing else is written alike: its kind, its size, and what is in it.
func appendVariable(b []byte, value any) ([]byte, bool) {
	if len(b) > maxVariables {
		return b, false
	}
	ok := true
	switch v := value.(type) {
	case nil:
		b = append(b, 'n')
	case bool:
		if b = append(b, 'f'); v {
			b[len(b)-1] = 't'
		}
	case int:
		b = binary.AppendVarint(append(b, 'i'), int64(v))
	case int64:
		b = binary.AppendVarint(append(b, 'i'), v)
	case float64:
		b = binary.AppendUvarint(append(b, 'd'), math.Float64bits(v))
	case json.Number:
		b = appendText(append(b, '#'), string(v))
	case string:
		b = appendText(append(b, '"'), v)
	case []any:
		b = binary.AppendUvarint(append(b, '['), uint64(len(v)))
		for i := 0; i < len(v) && ok; i++ {
			b, ok = appendVariable(b, v[i])
		}
	case map[string]any:
		b = binary.AppendUvarint(append(b, '{'), uint64(len(v)))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if b, ok = appendVariable(appendText(b, name), v[name]); !ok {
				break
			}
		}
	default:
		return b, false
	}
	return b, ok && len(b) <= maxVariables
}

// appendText gives up no later than the caller: a text that is too long is not copied.
func appendText(b []byte, text string) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text[:min(len(text), maxVariables)]...)
}
