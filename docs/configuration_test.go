package docs_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/difygraph/difygraph/internal/config"
)

// schemaNode is what the tests read of a JSON Schema.
type schemaNode struct {
	Properties       map[string]*schemaNode
	Items            *schemaNode
	OneOf            []*schemaNode
	Default          json.RawMessage
	Minimum, Maximum *float64
	Description      string
}

// TestConfigurationSchema: the keys of the schema are those that the program takes, with their defaults and bounds.
func TestConfigurationSchema(t *testing.T) {
	t.Parallel()
	var root schemaNode
	if err := json.Unmarshal([]byte(read(t, "config.schema.json")), &root); err != nil {
		t.Fatal(err)
	}
	written, taken := map[string]string{}, map[string]string{}
	root.keys(written, "")
	keysOf(taken, reflect.TypeFor[config.Config](), "")
	if diff := cmp.Diff(taken, written); diff != "" {
		t.Errorf("keys (-program +schema):\n%s", diff)
	}
}

// keys adds each key below a node, and what is said of its value. Alternatives have their keys in one place, as the program has.
func (n *schemaNode) keys(found map[string]string, path string) {
	for _, alternative := range n.OneOf {
		alternative.keys(found, path)
	}
	if n.Items != nil {
		n.Items.keys(found, path)
	}
	for name, property := range n.Properties {
		found[path+name] = property.facts()
		property.keys(found, path+name+".")
	}
}

func (n *schemaNode) facts() string {
	var facts []string
	if standard := strings.Trim(string(n.Default), `"`); standard != "" && standard != "false" && standard != "0" {
		facts = append(facts, "default="+standard)
	}
	if n.Minimum != nil {
		facts = append(facts, fmt.Sprintf("min=%.0f", *n.Minimum), fmt.Sprintf("max=%.0f", *n.Maximum))
	}
	if n.Description == "" {
		facts = append(facts, "no description")
	}
	return strings.Join(facts, " ")
}

// keysOf is the same of a struct by its tags.
func keysOf(found map[string]string, structure reflect.Type, path string) {
	for field := range structure.Fields() {
		name, isKey := field.Tag.Lookup("yaml")
		if name, _, _ = strings.Cut(name, ","); !isKey || name == "-" {
			continue
		}
		found[path+name] = factsOf(field)
		inner := field.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			keysOf(found, inner, path+name+".")
		}
	}
}

// factsOf is a field's default, and its bounds where it is a whole number. Bounds of durations are words in the schema.
func factsOf(field reflect.StructField) string {
	var facts []string
	if standard := field.Tag.Get("default"); standard != "" {
		facts = append(facts, "default="+standard)
	}
	for rule := range strings.SplitSeq(field.Tag.Get("validate"), ",") {
		isBound := strings.HasPrefix(rule, "min=") || strings.HasPrefix(rule, "max=")
		if isBound && field.Type.Kind() == reflect.Int && field.Type != reflect.TypeFor[time.Duration]() {
			facts = append(facts, rule)
		}
	}
	return strings.Join(facts, " ")
}

// TestExampleConfiguration has every key, and the defaults where there are some.
func TestExampleConfiguration(t *testing.T) {
	t.Parallel()
	text := read(t, "config.example.yaml")
	cfg, err := load(text)
	if err != nil {
		t.Fatal(err)
	}
	var root any
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		t.Fatal(err)
	}
	present, known := map[string]string{}, map[string]string{}
	present = keysIn(present, root, "")
	keysOf(known, reflect.TypeFor[config.Config](), "")
	for key := range known {
		if _, ok := present[key]; !ok {
			t.Errorf("no %s", key)
		}
	}
	standard, err := load("apps: [{key: a, baseURL: \"http://a/v1\", apiKey: b}]\n")
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Listen != standard.Listen || cfg.GraphQL != standard.GraphQL || cfg.Limits != standard.Limits ||
		cfg.Cache != standard.Cache || cfg.Log != standard.Log || cfg.Apps[0].MaxInFlight != standard.Apps[0].MaxInFlight ||
		cfg.Apps[0].Timeout != standard.Apps[0].Timeout {
		t.Errorf("the example has other values than the defaults:\n%s", cmp.Diff(standard.Limits, cfg.Limits))
	}
}

// keysIn are the keys of a document, those of a list's items in one place.
func keysIn(found map[string]string, value any, path string) map[string]string {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			keysIn(found, item, path)
		}
	case map[string]any:
		for name, member := range value {
			found[path+name] = ""
			keysIn(found, member, path+name+".")
		}
	}
	return found
}

// TestSchemaAndProgramAgree: what the schema takes, the program takes, and what breaks one rule, neither does.
func TestSchemaAndProgramAgree(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t)
	for _, b := range blocks(t) {
		if b.kind == "yaml" && b.note == "" {
			if err := check(t, schema, b.text); err != nil {
				t.Errorf("%s: %v", b.name(), err)
			}
		}
	}
	example := read(t, "config.example.yaml")
	if err := check(t, schema, example); err != nil {
		t.Errorf("the example: %v", err)
	}
	for _, old := range slices.Sorted(maps.Keys(mistakes)) {
		changed := replaceOnce(t, example, old, mistakes[old])
		if _, err := load(changed); err == nil {
			t.Errorf("the program takes %s", mistakes[old])
		}
		if check(t, schema, changed) == nil {
			t.Errorf("the schema takes %s", mistakes[old])
		}
	}
}

// mistakes take the place of what the example has.
var mistakes = map[string]string{
	"name: dashboard":               "name: the dashboard",
	`sha256: "00`:                   `sha256: "x0`,
	"scopes: [logs]":                "scopes: [logs, all]",
	`["shop-*"]`:                    "[]",
	"audience: difygraph":           `audience: ""`,
	"https://idp.example #":         "idp.example #",
	"claim: scope":                  "name: scope",
	"https://dash.example":          "https://dash.example/",
	"[X-Tenant]":                    `["*"]`,
	"key: shop-translator":          "key: Shop",
	"https://dify.example/v1":       "dify.example/v1",
	"apiKeyFile: triage.key":        "file: triage.key",
	"version: 1.14.2":               "version: latest",
	"maxInFlight: 8":                "maxInFlight: 0",
	"timeout: 30s":                  "timeout: 30",
	"introspection: true":           "introspection: maybe",
	"scanCalls: 10 ":                "scanCalls: 1001 ",
	"price: 20000 ":                 "price: 9 ",
	"connectionsPerServer: 4":       "maxConnections: 4",
	"operationBytes: 67108864":      "operationBytes: 1",
	"ttl: 2s":                       "ttl: soon",
	"log: json":                     "log: xml",
	"open: false":                   "open: 1",
	"listen: 127.0.0.1:8080":        "listen: [127.0.0.1:8080]",
	"apiKey: ${TRANSLATOR_KEY} # o": "# o",
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(read(t, "config.schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("config.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("config.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func check(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	// By way of JSON, whose numbers are those that the schema knows.
	asJSON, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(string(asJSON)))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(instance)
}
