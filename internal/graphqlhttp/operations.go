package graphqlhttp

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// Operations is a fixed list of operations, by the SHA-256 of their texts in lower-case hexadecimal digits.
type Operations struct {
	byHash map[string]listed
}

// listed is one of them. Its name is empty where the list has none and its text has not exactly one.
type listed struct {
	name, text string
}

// Len is the number of operations.
func (o *Operations) Len() int { return len(o.byHash) }

// Names are the operations' names by their hashes, as far as they have one.
func (o *Operations) Names() map[string]string {
	names := make(map[string]string)
	if o == nil {
		return names
	}
	for hash, listed := range o.byHash {
		if listed.name != "" {
			names[hash] = listed.name
		}
	}
	return names
}

// manifestFormat names the manifest that Apollo's generate-persisted-query-manifest writes.
const manifestFormat = "apollo-persisted-query-manifest"

type manifest struct {
	Format     string              `json:"format"`
	Version    int                 `json:"version"`
	Operations []manifestOperation `json:"operations"`
}

type manifestOperation struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
	Body string `json:"body"`
}

// ParseOperations reads a list of operations: Apollo's manifest, version 1, or a JSON object from SHA-256 to text. Every id
// must be the SHA-256 of its text, and every text must be GraphQL. An empty list is an error.
func ParseOperations(data []byte) (*Operations, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, fmt.Errorf("the list of operations is no JSON object: %w", err)
	}
	o := &Operations{byHash: make(map[string]listed, len(members))}
	read := o.readObject
	if _, ok := members["format"]; ok {
		read = o.readManifest
	}
	if err := read(data); err != nil {
		return nil, err
	}
	if len(o.byHash) == 0 {
		return nil, errors.New("the list of operations is empty")
	}
	return o, nil
}

func (o *Operations) readManifest(data []byte) error {
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("the manifest can't be read: %w", err)
	}
	if m.Format != manifestFormat || m.Version != 1 {
		return fmt.Errorf("the manifest is of format %q, version %d; known is %q, version 1", m.Format, m.Version, manifestFormat)
	}
	for i, operation := range m.Operations {
		if err := o.add(operation.ID, operation.Name, operation.Body); err != nil {
			return fmt.Errorf("operations[%d] (%q): %w", i, operation.Name, err)
		}
	}
	return nil
}

func (o *Operations) readObject(data []byte) error {
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		return fmt.Errorf("the list of operations must map each SHA-256 to a text: %w", err)
	}
	for _, hash := range slices.Sorted(maps.Keys(texts)) {
		if err := o.add(hash, "", texts[hash]); err != nil {
			return fmt.Errorf("operation %q: %w", shorten(hash), err)
		}
	}
	return nil
}

func (o *Operations) add(hash, name, text string) error {
	if want := hashOf(text); hash != want {
		return fmt.Errorf("its id must be the SHA-256 of its text, %s", want)
	}
	if _, ok := o.byHash[hash]; ok {
		return errors.New("it is listed twice")
	}
	parsed, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		return fmt.Errorf("its text is no GraphQL: %w", err)
	}
	if name == "" && len(parsed.Operations) == 1 {
		name = parsed.Operations[0].Name
	}
	o.byHash[hash] = listed{name: name, text: text}
	return nil
}

// hashOf is how persisted operations are named.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
