package graph

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

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

// find returns a copy, of which nothing is taken yet.
func (p *prices) find(of priced) *estimate {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.last {
		if kept := &p.last[i]; kept.operation == of.operation && kept.apps == of.apps && kept.variables == of.variables {
			e := kept.estimate
			e.taken = new(atomic.Int64)
			return &e
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
	return string(b), ok && len(b) <= maxVariables
}

// appendVariable writes a value so that nothing else is written alike: its kind, its size, and what is in it. It is false where b
// becomes too long before all is written.
func appendVariable(b []byte, value any) (_ []byte, ok bool) {
	if len(b) > maxVariables {
		return b, false
	}
	ok = true
	switch v := value.(type) {
	case []any:
		b = binary.AppendUvarint(append(b, '['), uint64(len(v)))
		for i := 0; i < len(v) && ok; i++ {
			b, ok = appendVariable(b, v[i])
		}
		return b, ok
	case map[string]any:
		b = binary.AppendUvarint(append(b, '{'), uint64(len(v)))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if ok {
				b, ok = appendVariable(appendText(b, name), v[name])
			}
		}
		return b, ok
	default:
		return appendScalar(b, value)
	}
}

func appendScalar(b []byte, value any) (_ []byte, ok bool) {
	switch v := value.(type) {
	case nil:
		return append(b, 'n'), true
	case bool:
		return strconv.AppendBool(b, v), true
	case int:
		return binary.AppendVarint(append(b, 'i'), int64(v)), true
	case int64:
		return binary.AppendVarint(append(b, 'i'), v), true
	case float64:
		return binary.AppendUvarint(append(b, 'd'), math.Float64bits(v)), true
	case json.Number:
		return appendText(append(b, '#'), string(v)), true
	case string:
		return appendText(append(b, '"'), v), true
	default:
		return b, false
	}
}

// appendText gives up no later than the caller: a text that is too long is not copied.
func appendText(b []byte, text string) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text[:min(len(text), maxVariables)]...)
}
