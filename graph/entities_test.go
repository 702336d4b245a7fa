package graph_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph"
)

const entitiesQuery = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename
    ... on DifyApp { key }
    ... on WorkflowLog { uuid }
    ... on WorkflowRun { uuid }
    ... on EndUser { sessionId }
    ... on DifyAccount { account: id person: uuid name email }
  }
  difyApps { key }
}`

// entities asks for what representations refer to.
func (a *api) entities(t *testing.T, representations ...any) *response {
	t.Helper()
	return a.post(t, entitiesQuery, vars{"representations": representations})
}

// of makes a representation of a type with the fields of a key.
func of(name string, fields vars) vars {
	representation := vars{"__typename": name}
	maps.Copy(representation, fields)
	return representation
}

func inApp(key, field string, value any) vars { return vars{"app": vars{"key": key}, field: value} }

// serveEntities serves app a with one run of Alice's, whose row it returns.
func serveEntities(t *testing.T, o difytest.Options) (*api, difytest.Row) {
	t.Helper()
	a := serve(t, options{keys: []string{"a"}, dify: o})
	row := run(5)
	row.EndUser = alice()
	row = a.apps["a"].Insert(row)[0]
	a.get(t, `{difyApps {name}}`, nil, new(any)) // which tells the version
	a.dify.ResetRequests()
	return a, row
}

// entityKeys are representations by each key of the schema, and what they refer to.
func entityKeys(row difytest.Row) (representations []any, want []string) {
	id, run := fmt.Sprintf(`"uuid": %q`, row.ID), fmt.Sprintf(`"uuid": %q`, row.Run.ID)
	for _, e := range []struct {
		name   string
		fields vars
		want   string
	}{
		{"DifyApp", vars{"id": idOfApp()}, `"key": "a"`},
		{"DifyApp", vars{"key": "a"}, `"key": "a"`},
		{"WorkflowLog", vars{"id": idOfEntry("a", row)}, id},
		{"WorkflowRun", vars{"id": idOfRun("a", row)}, run},
		{"WorkflowRun", inApp("a", "uuid", row.Run.ID), run},
		{"WorkflowRun", inApp("a", "uuid", strings.ToUpper(row.Run.ID.String())), run},
		{"EndUser", vars{"id": idOfEndUser("a", row.EndUser)}, `"sessionId": "alice"`},
		{"EndUser", inApp("a", "sessionId", "alice"), `"sessionId": "alice"`},
		{"DifyAccount", vars{"email": "ada@example.com"}, `"account": null, "person": null, "name": null, "email": "ada@example.com"`},
	} {
		representations = append(representations, of(e.name, e.fields))
		want = append(want, fmt.Sprintf(`{"__typename": %q, %s}`, e.name, e.want))
	}
	return representations, want
}

// entitiesData is the data of an answer to entitiesQuery.
func entitiesData(want ...string) string {
	return `{"_entities": [` + strings.Join(want, ", ") + `], "difyApps": [{"key": "a"}]}`
}

// TestEntities: all keys in one request, each thing at one call.
func TestEntities(t *testing.T) {
	t.Parallel()
	a, row := serveEntities(t, difytest.Options{})
	representations, want := entityKeys(row)
	checkAnswer(t, a.entities(t, representations...), entitiesData(want...), none)
	checkSpent(t, a, spent{lists: 2, runs: 1, people: 1}) // an entry and a session are looked for in the log
	for i, representation := range representations {
		checkAnswer(t, a.entities(t, representation), entitiesData(want[i]), none)
	}
	checkAnswer(t, a.entities(t, []any{}...), entitiesData(), none)
}

// malformed are representations that refer to nothing.
func malformed(row difytest.Row) map[string]vars {
	id, app := idOfRun("a", row), vars{"key": "a"}
	return map[string]vars{
		"nothing":                 {},
		"no __typename":           {"id": id},
		"null __typename":         {"__typename": nil, "id": id},
		"number __typename":       {"__typename": 7, "id": id},
		"unknown type":            of("Person", vars{"id": id}),
		"no entity":               of("PageInfo", vars{"id": id}),
		"Query":                   of("Query", vars{}),
		"no key":                  of("WorkflowRun", vars{}),
		"null id":                 of("WorkflowRun", vars{"id": nil}),
		"number id":               of("WorkflowRun", vars{"id": 1}),
		"list id":                 of("WorkflowRun", vars{"id": []any{id}}),
		"object id":               of("WorkflowRun", vars{"id": vars{"id": id}}),
		"empty id":                of("WorkflowRun", vars{"id": ""}),
		"made-up id":              of("WorkflowRun", vars{"id": "nonsense"}),
		"id of another type":      of("WorkflowLog", vars{"id": id}),
		"id of another type, app": of("DifyApp", vars{"id": id}),
		"id of unknown app":       of("WorkflowRun", vars{"id": idOfRun("nobody", row)}),
		"id, but no good":         of("WorkflowRun", vars{"id": "", "app": app, "uuid": row.Run.ID}),
		"uuid alone":              of("WorkflowRun", vars{"uuid": row.Run.ID}),
		"app alone":               of("WorkflowRun", vars{"app": app}),
		"null uuid":               of("WorkflowRun", inApp("a", "uuid", nil)),
		"number uuid":             of("WorkflowRun", inApp("a", "uuid", 5)),
		"not a UUID":              of("WorkflowRun", inApp("a", "uuid", "x")),
		"braces":                  of("WorkflowRun", inApp("a", "uuid", "{"+row.Run.ID.String()+"}")),
		"null app":                of("WorkflowRun", vars{"app": nil, "uuid": row.Run.ID}),
		"text app":                of("WorkflowRun", vars{"app": "a", "uuid": row.Run.ID}),
		"null app key":            of("WorkflowRun", vars{"app": vars{"key": nil}, "uuid": row.Run.ID}),
		"number app key":          of("WorkflowRun", vars{"app": vars{"key": 1}, "uuid": row.Run.ID}),
		"empty app":               of("WorkflowRun", vars{"app": vars{}, "uuid": row.Run.ID}),
		"unknown app":             of("WorkflowRun", inApp("nobody", "uuid", row.Run.ID)),
		"app by another name":     of("WorkflowRun", vars{"key": "a", "uuid": row.Run.ID}),
		"null session":            of("EndUser", inApp("a", "sessionId", nil)),
		"empty session":           of("EndUser", inApp("a", "sessionId", "")),
		"number session":          of("EndUser", inApp("a", "sessionId", 7)),
		"list session":            of("EndUser", inApp("a", "sessionId", []any{"alice"})),
		"long session":            of("EndUser", inApp("a", "sessionId", strings.Repeat("x", 256))),
		"NUL session":             of("EndUser", inApp("a", "sessionId", "alice\x00")),
		"session of unknown app":  of("EndUser", inApp("nobody", "sessionId", "alice")),
		"session alone":           of("EndUser", vars{"sessionId": "alice"}),
		"entry by uuid":           of("WorkflowLog", inApp("a", "uuid", row.ID)),
		"null key":                of("DifyApp", vars{"key": nil}),
		"empty key":               of("DifyApp", vars{"key": ""}),
		"number key":              of("DifyApp", vars{"key": 1}),
		"key of unknown app":      of("DifyApp", vars{"key": "nobody"}),
		"null email":              of("DifyAccount", vars{"email": nil}),
		"empty email":             of("DifyAccount", vars{"email": ""}),
		"list email":              of("DifyAccount", vars{"email": []any{"ada@example.com"}}),
		"account by id":           of("DifyAccount", vars{"id": id}),
	}
}

// TestMalformedEntity: it is null with an error at its index, Dify is not asked for it, and the others stand.
func TestMalformedEntity(t *testing.T) {
	t.Parallel()
	a, row := serveEntities(t, difytest.Options{})
	good, want := entityKeys(row)
	for name, representation := range malformed(row) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := a.entities(t, slices.Insert(slices.Clone(good), 2, any(representation))...)
			checkAnswer(t, answer, entitiesData(slices.Insert(slices.Clone(want), 2, "null")...), map[string]string{"_entities.2": "BAD_USER_INPUT"})
			if len(answer.Errors) == 1 && answer.Errors[0].Extensions["argument"] == nil {
				t.Errorf("%v", answer.Errors[0])
			}
		})
	}
}

// TestMalformedEntitiesTogether: however many there are, each has its error, and nothing is asked.
func TestMalformedEntitiesTogether(t *testing.T) {
	t.Parallel()
	a, row := serveEntities(t, difytest.Options{})
	var representations []any
	var want []string
	failures := make(map[string]string)
	for _, representation := range malformed(row) {
		failures[fmt.Sprint("_entities.", len(want))] = "BAD_USER_INPUT"
		representations, want = append(representations, representation), append(want, "null")
	}
	checkAnswer(t, a.entities(t, representations...), entitiesData(want...), failures)
	checkSpent(t, a, spent{})
}

// TestEntityThatIsNotThere is null, which is no error.
func TestEntityThatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.13.0", "1.14.2"} {
		a, row := serveEntities(t, difytest.Options{Version: version})
		gone := row
		gone.ID, gone.Run = uuid.New(), &difytest.Run{ID: uuid.New()}
		answer := a.entities(t, of("WorkflowRun", vars{"id": idOfRun("a", gone)}), of("WorkflowRun", inApp("a", "uuid", gone.Run.ID)),
			of("WorkflowLog", vars{"id": idOfEntry("a", gone)}), of("EndUser", vars{"id": idOfEndUser("a", endUser("nobody"))}),
			of("EndUser", inApp("a", "sessionId", "nobody")), of("EndUser", inApp("a", "sessionId", "Alice")))
		checkAnswer(t, answer, entitiesData("null", "null", "null", "null", "null", "null"), none)
	}
}

func TestTooManyEntities(t *testing.T) {
	t.Parallel()
	a, _ := serveEntities(t, difytest.Options{})
	representations := slices.Repeat([]any{of("DifyApp", vars{"key": "a"})}, 1001)
	answer := a.entities(t, representations...)
	checkFailures(t, answer, map[string]string{"_entities": "BAD_USER_INPUT"})
	if e := answer.Errors[0]; !strings.Contains(e.Message, "at most 1000, not 1001") || strings.Contains(string(answer.Data), "DifyApp") {
		t.Errorf("%s", answer.text)
	}
	if answer := a.entities(t, representations[:1000]...); len(answer.Errors) > 0 || strings.Count(string(answer.Data), "DifyApp") != 1000 {
		t.Errorf("1000: %.300s", answer.text)
	}
}

// TestAccountByEmail: all that is known is what was asked for, so nothing is asked of Dify.
func TestAccountByEmail(t *testing.T) {
	t.Parallel()
	a, _ := serveEntities(t, difytest.Options{})
	checkAnswer(t, a.entities(t, of("DifyAccount", vars{"email": "who@example.com"})),
		entitiesData(`{"__typename": "DifyAccount", "account": null, "person": null, "name": null, "email": "who@example.com"}`), none)
	checkSpent(t, a, spent{})
}

// TestEntityOfFailingApp: an app that fails harms no other.
func TestEntityOfFailingApp(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}})
	own, other := a.apps["a"].Insert(run(5))[0], a.apps["b"].Insert(run(5))[0]
	a.apps["b"].SetState(difytest.AppAPIDisabled)
	answer := a.entities(t, of("WorkflowRun", vars{"id": idOfRun("b", other)}), of("WorkflowRun", vars{"id": idOfRun("a", own)}),
		of("EndUser", inApp("b", "sessionId", "s0")), of("DifyApp", vars{"key": "b"}))
	checkFailures(t, answer, map[string]string{"_entities.0": "UPSTREAM_UNAUTHORIZED", "_entities.2": "UPSTREAM_UNAUTHORIZED"})
	if text := string(answer.Data); strings.Count(text, "WorkflowRun") != 1 || strings.Count(text, "null") != 2 {
		t.Errorf("%s", text)
	}
}

// TestServiceSDL: a graph of many takes the schema as a whole, without what another of its graphs may have.
func TestServiceSDL(t *testing.T) {
	t.Parallel()
	a, _ := serveEntities(t, difytest.Options{})
	var data struct {
		Service struct{ SDL string } `json:"_service"`
	}
	a.get(t, `{_service {sdl}}`, nil, &data)
	sdl := data.Service.SDL
	if sdl != graph.SubgraphSDL() {
		t.Error("the SDL is another than that of the command")
	}
	for _, absent := range []string{"node(", "nodes(", "_entities", "_service", "_Any", "_Entity", "directive @", "federation__"} {
		if strings.Contains(sdl, absent) {
			t.Errorf("the SDL has %s", absent)
		}
	}
	parsed, err := gqlparser.LoadSchema(&ast.Source{Name: "federation", Input: federationDirectives}, &ast.Source{Name: "subgraph", Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string]int{"DifyApp": 2, "WorkflowLog": 1, "WorkflowRun": 2, "EndUser": 2, "DifyAccount": 1} {
		if got := len(parsed.Types[name].Directives.ForNames("key")); got != keys {
			t.Errorf("%s has %d keys", name, got)
		}
	}
	if parsed.Types["Node"] == nil || len(parsed.Query.Fields) != 5+2 { // and gqlparser's own two
		t.Errorf("fields of Query: %d", len(parsed.Query.Fields))
	}
}

// federationDirectives are what a gateway brings itself.
const federationDirectives = `
scalar link__Import
scalar federation__FieldSet
directive @link(url: String!, import: [link__Import!]) repeatable on SCHEMA
directive @key(fields: federation__FieldSet!) repeatable on OBJECT
directive @shareable on OBJECT
directive @cost(weight: Int!) on FIELD_DEFINITION
directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean) on FIELD_DEFINITION
`

// TestNoObject: a representation that is no object at all harms no other.
func TestNoObject(t *testing.T) {
	t.Parallel()
	a, row := serveEntities(t, difytest.Options{})
	good, want := entityKeys(row)
	for _, nonsense := range []any{"text", 7, true, []any{vars{}}} {
		answer := a.entities(t, append(slices.Clone(good[:2]), nonsense)...)
		checkAnswer(t, answer, entitiesData(append(slices.Clone(want[:2]), "null")...), map[string]string{"_entities.2": "BAD_USER_INPUT"})
	}
}
