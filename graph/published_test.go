package graph_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph"
)

// published is what a schema says of each of its definitions, by their places: `Type.field(argument)`, `@directive`.
type published map[string]string

func (p published) add(place, what, description string, deprecated *string) {
	p[place] = what + " # " + description
	if deprecated != nil {
		p[place] += " # deprecated: " + *deprecated
	}
}

// declared is what an SDL says, that of the specification aside.
func declared(schema *ast.Schema) published {
	p := published{}
	for name, d := range schema.Types {
		if d.BuiltIn {
			continue
		}
		p.add(name, kindOf(d), d.Description, nil)
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue // of every root
			}
			p.add(name+"."+f.Name, typed(f.Type.String(), literal(f.DefaultValue)), f.Description, reason(f.Directives))
			for _, a := range f.Arguments {
				p.add(name+"."+f.Name+"("+a.Name+")", typed(a.Type.String(), literal(a.DefaultValue)), a.Description, reason(a.Directives))
			}
		}
		for _, v := range d.EnumValues {
			p.add(name+"."+v.Name, "", v.Description, reason(v.Directives))
		}
	}
	return p
}

// kindOf is what a type is, with all that introspection tells beside its members.
func kindOf(d *ast.Definition) string {
	members := slices.Sorted(slices.Values(slices.Concat(d.Interfaces, d.Types)))
	text := string(d.Kind) + " " + strings.Join(members, ",")
	if by := d.Directives.ForName("specifiedBy"); by != nil {
		text += by.Arguments[0].Value.Raw
	}
	return text
}

func typed(kind, otherwise string) string {
	if otherwise != "" {
		kind += " = " + otherwise
	}
	return kind
}

func literal(v *ast.Value) string {
	if v == nil {
		return ""
	}
	return v.String()
}

func reason(list ast.DirectiveList) *string {
	d := list.ForName("deprecated")
	if d == nil {
		return nil
	}
	return &d.Arguments[0].Value.Raw
}

type (
	shownType struct {
		Kind, Name  string
		Description string
		OfType      *shownType

		SpecifiedByURL            string
		Fields, InputFields       []shownField
		EnumValues                []shownField
		Interfaces, PossibleTypes []shownType
	}
	shownField struct {
		Name, Description, DefaultValue string
		Args                            []shownField
		Type                            *shownType
		IsDeprecated                    bool
		DeprecationReason               *string
	}
	shownDirective struct {
		Name, Description string
		IsRepeatable      bool
		Locations         []string
		Args              []shownField
	}
	shownSchema struct {
		Types      []shownType
		Directives []shownDirective
	}
)

func (t shownType) String() string {
	switch t.Kind {
	case "NON_NULL":
		return t.OfType.String() + "!"
	case "LIST":
		return "[" + t.OfType.String() + "]"
	default:
		return t.Name
	}
}

// introspected asks for all that the specification has of a schema.
func introspected(t *testing.T, a *api) shownSchema {
	t.Helper()
	var data struct {
		Schema shownSchema `json:"__schema"`
	}
	a.get(t, `query {__schema {
		types {kind name description specifiedByURL isOneOf interfaces {name} possibleTypes {name}
			fields(includeDeprecated: true) {...Input args(includeDeprecated: true) {...Value}}
			inputFields(includeDeprecated: true) {...Value} enumValues(includeDeprecated: true) {name description isDeprecated deprecationReason}}
		directives {name description isRepeatable locations args(includeDeprecated: true) {...Value}}
		queryType {name} mutationType {name} subscriptionType {name}
	}}
	fragment Input on __Field {name description isDeprecated deprecationReason type {...Type}}
	fragment Value on __InputValue {name description defaultValue isDeprecated deprecationReason type {...Type}}
	fragment Type on __Type {kind name ofType {kind name ofType {kind name ofType {kind name}}}}`, nil, &data)
	return data.Schema
}

// shown is what introspection says of what the specification does not have.
func shown(schema shownSchema) published {
	p := published{}
	for _, t := range schema.Types {
		if strings.HasPrefix(t.Name, "__") || slices.Contains(standardScalars, t.Name) {
			continue
		}
		var members []string
		for _, m := range t.Interfaces {
			members = append(members, m.Name)
		}
		if t.Kind == "UNION" {
			for _, m := range t.PossibleTypes {
				members = append(members, m.Name)
			}
		}
		slices.Sort(members)
		p.add(t.Name, t.Kind+" "+strings.Join(members, ",")+t.SpecifiedByURL, t.Description, nil)
		for _, f := range slices.Concat(t.Fields, t.InputFields) {
			p.add(t.Name+"."+f.Name, typed(f.Type.String(), f.DefaultValue), f.Description, f.DeprecationReason)
			for _, a := range f.Args {
				p.add(t.Name+"."+f.Name+"("+a.Name+")", typed(a.Type.String(), a.DefaultValue), a.Description, a.DeprecationReason)
			}
		}
		for _, v := range t.EnumValues {
			p.add(t.Name+"."+v.Name, "", v.Description, v.DeprecationReason)
		}
	}
	return p
}

var standardScalars = []string{"Int", "Float", "String", "Boolean", "ID"}

// TestPublishedAlike: introspection, the SDL for clients and, but for what is this server's alone, the SDL for gateways say
// the same.
func TestPublishedAlike(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	served := shown(introspected(t, a))
	clients := declared(gqlparser.MustLoadSchema(&ast.Source{Input: graph.SDL()}))
	if diff := cmp.Diff(clients, served); diff != "" {
		t.Errorf("-SDL +introspection:\n%s", diff)
	}
	gateways := declared(gqlparser.MustLoadSchema(&ast.Source{Input: federationDirectives}, &ast.Source{Input: graph.SubgraphSDL()}))
	for place := range clients {
		if isServersAlone(place) {
			delete(clients, place)
		}
	}
	for place := range gateways {
		if isServersAlone(place) {
			delete(gateways, place) // a gateway's own
		}
	}
	if diff := cmp.Diff(clients, gateways); diff != "" {
		t.Errorf("-SDL +_service:\n%s", diff)
	}
}

// isServersAlone tells whether gateways are not told of a definition, or know it themselves.
func isServersAlone(place string) bool {
	name, _, _ := strings.Cut(place, "(")
	name, field, _ := strings.Cut(name, ".")
	return strings.HasPrefix(name, "_") || strings.Contains(name, "__") ||
		name == "Query" && (strings.HasPrefix(field, "_") || slices.Contains([]string{"node", "nodes", "difygraphViewer"}, field)) || name == "DifygraphViewer"
}

// TestSpecifiedDirectives: all that clients are offered beside what gateways read is the specification's of September 2025,
// at its places: closed clients can't read a schema that has another.
func TestSpecifiedDirectives(t *testing.T) {
	t.Parallel()
	schema := introspected(t, serve(t, options{keys: []string{"a"}}))
	got := map[string]string{}
	for _, d := range schema.Directives {
		slices.Sort(d.Locations)
		var args []string
		for _, a := range d.Args {
			args = append(args, a.Name+": "+typed(a.Type.String(), a.DefaultValue))
		}
		got[d.Name] = fmt.Sprintf("(%s) on %s", strings.Join(args, ", "), strings.Join(d.Locations, " | "))
	}
	for _, gateways := range []string{"key", "link", "shareable", "cost", "listSize"} {
		delete(got, gateways)
	}
	want := map[string]string{
		"skip":        "(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT",
		"include":     "(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT",
		"deprecated":  `(reason: String = "No longer supported") on ARGUMENT_DEFINITION | ENUM_VALUE | FIELD_DEFINITION | INPUT_FIELD_DEFINITION`,
		"specifiedBy": "(url: String!) on SCALAR",
		"oneOf":       "() on INPUT_OBJECT",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("directives (-specified +offered):\n%s", diff)
	}
	var places []string
	for _, kind := range schema.Types {
		if kind.Name == "__DirectiveLocation" {
			for _, v := range kind.EnumValues {
				places = append(places, v.Name)
			}
		}
	}
	slices.Sort(places)
	if diff := cmp.Diff(specifiedPlaces, places); diff != "" {
		t.Errorf("places (-specified +offered):\n%s", diff)
	}
}

var specifiedPlaces = []string{
	"ARGUMENT_DEFINITION", "ENUM", "ENUM_VALUE", "FIELD", "FIELD_DEFINITION", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD",
	"INLINE_FRAGMENT", "INPUT_FIELD_DEFINITION", "INPUT_OBJECT", "INTERFACE", "MUTATION", "OBJECT", "QUERY", "SCALAR", "SCHEMA",
	"SUBSCRIPTION", "UNION", "VARIABLE_DEFINITION",
}

// TestNoDefer: what is not offered is no directive at all.
func TestNoDefer(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	for _, directive := range []string{"@defer", "@defer(if: false)"} {
		if r := a.post(t, `{... `+directive+` {difyApps {key}}}`, nil); !slices.Equal(r.codes(), []string{"GRAPHQL_VALIDATION_FAILED"}) {
			t.Errorf("%s: %s", directive, r.text)
		}
	}
}

// TestAllIsDescribed: whoever reads the schema alone knows what each of its definitions means, those for gateways included.
func TestAllIsDescribed(t *testing.T) {
	t.Parallel()
	schema := introspected(t, serve(t, options{keys: []string{"a"}, dify: difytest.Options{}}))
	all := shown(schema)
	for _, d := range schema.Directives {
		all.add("@"+d.Name, "", d.Description, nil)
		for _, a := range d.Args {
			all.add("@"+d.Name+"("+a.Name+")", "", a.Description, nil)
		}
	}
	for _, place := range slices.Sorted(maps.Keys(all)) {
		if _, description, _ := strings.Cut(all[place], " # "); description == "" {
			t.Errorf("%s has no description", place)
		}
	}
}

// TestNamesAreOurs: what could be another graph's too has a name that begins with what it is of. The others are fixed by
// specifications, or are in use: no other graph is known to have them.
func TestNamesAreOurs(t *testing.T) {
	t.Parallel()
	given := []string{"Query", "Subscription", "Node", "PageInfo", "AppFailure", "AppFailurePolicy", "ErrorCode", "IncompleteReason", "ScanReport"}
	ours := regexp.MustCompile(`^(Dify|EndUser|WorkflowLog|WorkflowRun|WorkflowNode|WorkflowTextChunk)`)
	for name, definition := range graph.Schema().Types {
		if definition.Kind != ast.Scalar && !strings.HasPrefix(name, "_") && !ours.MatchString(name) && !slices.Contains(given, name) {
			t.Errorf("%s is a name that other graphs may have", name)
		}
	}
}
