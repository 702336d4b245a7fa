package graphqlhttp

import (
	"encoding/json"
	"regexp"

	"github.com/99designs/gqlgen/graphql"
	"github.com/maypok86/otter/v2"

	"github.com/difygraph/difygraph/graph/code"
)

// Persisted says which operations can be asked for by the SHA-256 of their text, in the way of Apollo's clients:
// `extensions.persistedQuery` is {version: 1, sha256Hash}. A hash that comes with a text must be that text's.
type Persisted struct {
	// Listed are known from the start, and never forgotten. They can be nil.
	Listed *Operations
	// OnlyListed refuses every other operation, sent as text or not. The text of a listed one is taken too.
	OnlyListed bool
	// AutomaticBytes bounds the texts that clients have registered by sending hash and text together; 8 MiB if 0.
	// Below 0 nothing is registered, and neither is it with OnlyListed.
	AutomaticBytes int64
}

// persistedMember is the member of a request's extensions.
const persistedMember = "persistedQuery"

// The messages that Apollo's clients look for. After the first they send the text along, after the second they
// stop sending hashes.
const (
	persistedNotFound     = "PersistedQueryNotFound"
	persistedNotSupported = "PersistedQueryNotSupported"
)

// persisted knows texts by their hashes.
type persisted struct {
	options    Persisted
	registered *otter.Cache[string, string] // nil if nothing is
}

func newPersisted(o Persisted) *persisted {
	if o.Listed == nil {
		o.Listed = &Operations{}
	}
	p := &persisted{options: o}
	if !o.OnlyListed && o.AutomaticBytes > 0 {
		p.registered = newWeighed(o.AutomaticBytes, func(hash, text string) int { return len(hash) + len(text) })
	}
	return p
}

// entryBytes is what a cache takes for an entry beside its key and value.
const entryBytes = 256

// newWeighed is a cache that forgets before its entries' weights exceed the bound, those first that are seldom asked for: many
// that are sent once do not push out the others. It works in the caller's goroutine: there is nothing to stop.
func newWeighed[V any](bound int64, weight func(key string, value V) int) *otter.Cache[string, V] {
	return otter.Must(&otter.Options[string, V]{
		MaximumWeight: uint64(bound),
		Weigher:       func(key string, value V) uint32 { return uint32(weight(key, value) + entryBytes) },
		Executor:      func(f func()) { f() },
	})
}

var lowerHexSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)

// resolve puts the operation's text into p where only its hash came, and returns the hash to register the text by once it
// was found valid; it is empty if there is nothing to register.
func (s *persisted) resolve(p *graphql.RawParams) (register string, f *failure) {
	hash, f := askedHash(p.Extensions)
	if f != nil {
		return "", f
	}
	if hash != "" && p.Query != "" && hashOf(p.Query) != hash {
		return "", invalid(code.BadUserInput, "provided sha does not match query: sha256Hash must be the SHA-256 of the text")
	}
	switch {
	case p.Query == "":
		p.Query, f = s.lookUp(hash)
		return "", f
	case s.options.OnlyListed:
		return "", s.wantListed(p.Query)
	case s.registered == nil:
		return "", nil
	default:
		return hash, nil
	}
}

// askedHash is the hash in a request's extensions, empty if there is none.
func askedHash(extensions map[string]any) (string, *failure) {
	asked := extensions[persistedMember]
	if asked == nil {
		return "", nil
	}
	members, ok := asked.(map[string]any)
	if !ok {
		return "", invalid(code.BadUserInput, "extensions.persistedQuery must be an object")
	}
	if version, _ := members["version"].(json.Number); version != "1" {
		return "", invalid(code.BadUserInput, "extensions.persistedQuery.version must be 1")
	}
	hash, _ := members["sha256Hash"].(string)
	if !lowerHexSHA256.MatchString(hash) {
		return "", invalid(code.BadUserInput, "extensions.persistedQuery.sha256Hash must be 64 hexadecimal digits in lower case")
	}
	return hash, nil
}

func (s *persisted) lookUp(hash string) (string, *failure) {
	if known, ok := s.options.Listed.byHash[hash]; ok {
		return known.text, nil
	}
	if s.options.OnlyListed {
		return "", invalid(code.PersistedQueryNotFound, "no operation of the server's list has this hash, and it runs no other")
	}
	if s.registered == nil {
		return "", invalid(code.BadUserInput, persistedNotSupported)
	}
	if text, ok := s.registered.GetIfPresent(hash); ok {
		return text, nil
	}
	return "", invalid(code.PersistedQueryNotFound, persistedNotFound)
}

func (s *persisted) wantListed(text string) *failure {
	if _, ok := s.options.Listed.byHash[hashOf(text)]; ok {
		return nil
	}
	return invalid(code.BadUserInput, "this server runs the operations of its list alone, and this one is not among them")
}

// register keeps the text of a valid operation.
func (s *persisted) register(hash, text string) {
	if hash != "" {
		s.registered.Set(hash, text)
	}
}
