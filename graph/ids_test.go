package graph_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/model"
)

// anyID draws an id of any object.
func anyID(t *rapid.T) model.ID {
	id := model.ID{
		Kind: rapid.SampledFrom([]model.Kind{model.KindApp, model.KindLog, model.KindRun, model.KindEndUser, model.KindAccount}).Draw(t, "kind"),
		App:  rapid.StringMatching(`[a-z0-9-]{1,64}`).Draw(t, "app"),
	}
	if id.Kind != model.KindApp {
		id.UUID = anyUUID(t, "uuid")
	}
	if id.Kind == model.KindLog {
		id.Second = rapid.OneOf(rapid.Int64Range(0, 1<<33), rapid.Int64()).Draw(t, "second")
		if rapid.Bool().Draw(t, "with a run") {
			id.Run = anyUUID(t, "run")
		}
	}
	return id
}

func anyUUID(t *rapid.T, label string) uuid.UUID {
	return uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label))
}

func TestIDReadsWhatItWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := anyID(t)
		text := id.String()
		if read, err := model.ParseID(text); err != nil || read != id {
			t.Fatalf("%+v became %+v, %v", id, read, err)
		}
		if strings.ContainsAny(text, "+/=") || len(text) > 160 {
			t.Fatalf("text %q", text)
		}
	})
}

// FuzzID: whatever is read as an id is written as the same text, so that no object has two.
func FuzzID(f *testing.F) {
	for _, id := range []model.ID{
		{Kind: model.KindApp, App: "a"},
		{Kind: model.KindRun, App: "translator", UUID: accounts[0].ID},
		{Kind: model.KindEndUser, App: "a", UUID: accounts[0].ID},
		{Kind: model.KindAccount, App: "a", UUID: accounts[0].ID},
		{Kind: model.KindLog, App: "a", UUID: accounts[0].ID, Second: 1772323200},
		{Kind: model.KindLog, App: "a", UUID: accounts[0].ID, Second: -1, Run: accounts[1].ID},
	} {
		f.Add(id.String())
	}
	f.Add("")
	f.Add("AUH_")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := model.ParseID(text)
		if err == nil && id.String() != text {
			t.Errorf("%q is read as %+v, which is written %q", text, id, id)
		}
	})
}

// mutations make another text of an id.
var mutations = map[string]func(t *rapid.T, id string) string{
	"truncated": func(t *rapid.T, id string) string { return id[:rapid.IntRange(0, len(id)-1).Draw(t, "length")] },
	"extended": func(t *rapid.T, id string) string {
		return id + rapid.StringMatching(`[A-Za-z0-9_=\n-]{1,30}`).Draw(t, "more")
	},
	"another character": func(t *rapid.T, id string) string {
		at := rapid.IntRange(0, len(id)-1).Draw(t, "at")
		return id[:at] + rapid.StringMatching(`[A-Za-z0-9_-]`).Draw(t, "character") + id[at+1:]
	},
	"another byte": func(t *rapid.T, id string) string {
		b, err := base64.RawURLEncoding.DecodeString(id)
		if err != nil {
			t.Fatal(err)
		}
		b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		return base64.RawURLEncoding.EncodeToString(b)
	},
	"standard base64": func(_ *rapid.T, id string) string { return strings.NewReplacer("-", "+", "_", "/").Replace(id) + "=" },
	"another kind": func(t *rapid.T, id string) string {
		i, err := model.ParseID(id)
		if err != nil {
			t.Fatal(err)
		}
		i.Kind = anyID(t).Kind
		return i.String()
	},
	"another run":    changed(func(t *rapid.T, i *model.ID) { i.Run = anyUUID(t, "run") }),
	"no run":         changed(func(_ *rapid.T, i *model.ID) { i.Run = uuid.Nil }),
	"another second": changed(func(t *rapid.T, i *model.ID) { i.Second = rapid.Int64().Draw(t, "second") }),
	"another app":    changed(func(_ *rapid.T, i *model.ID) { i.App = "b" }),
	"made up":        func(t *rapid.T, _ string) string { return anyID(t).String() },
}

func changed(change func(*rapid.T, *model.ID)) func(*rapid.T, string) string {
	return func(t *rapid.T, id string) string {
		i, err := model.ParseID(id)
		if err != nil {
			t.Fatal(err)
		}
		change(t, &i)
		return i.String()
	}
}

// serveObjects serves apps a and b, a with an object of each kind, and returns the ids of those that can be fetched.
func serveObjects(t tb) (*api, []string) {
	t.Helper()
	a := serve(t, options{keys: []string{"a", "b"}})
	gone := run(9)
	gone.Run = nil
	rows := a.apps["a"].Insert(run(5), run(5), gone)
	a.apps["b"].Insert(run(5))
	ids := []string{model.ID{Kind: model.KindApp, App: "a"}.String(), idOfEndUser("a", rows[0].EndUser)}
	for _, row := range rows {
		ids = append(ids, idOfEntry("a", row), oldIDOfEntry(row))
		if row.Run != nil {
			ids = append(ids, idOfRun("a", row))
		}
	}
	return a, ids
}

// TestOtherID: a text that is no object's id gives no object, and one that is gives that object.
func TestOtherID(t *testing.T) {
	t.Parallel()
	a, ids := serveObjects(t)
	for name, mutate := range mutations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				id := rapid.SampledFrom(ids).Draw(t, "id")
				text := mutate(t, id)
				answer := a.post(t, `query ($id: ID!) {node(id: $id) {id}}`, vars{"id": text})
				var data struct{ Node *struct{ ID string } }
				if err := json.Unmarshal(answer.Data, &data); err != nil {
					t.Fatalf("%v: %s", err, answer.text)
				}
				switch {
				case data.Node != nil && data.Node.ID != text:
					t.Fatalf("%q gave the object of %q", text, data.Node.ID)
				case len(answer.Errors) > 0 && !slices.Equal(answer.codes(), []string{"BAD_USER_INPUT"}):
					t.Fatalf("%q: %s", text, answer.text)
				}
			})
		})
	}
}

// TestNoID: what is no id at all is an error, and nothing is asked.
func TestNoID(t *testing.T) {
	t.Parallel()
	a, ids := serveObjects(t)
	a.dify.ResetRequests()
	for _, id := range []string{
		"", "1", "a", "null", uuid.NewString(), "V29ya2Zsb3dSdW46MQ==", ids[1] + "=", ids[1] + "\n", " " + ids[1], ids[1][:len(ids[1])-1],
		ids[2] + ids[2], strings.Repeat("A", 1<<16), "é",
		model.ID{Kind: 'Z', App: "a", UUID: uuid.New()}.String(),
		model.ID{Kind: model.KindAccount, App: "a", UUID: accounts[0].ID}.String(),
	} {
		answer := a.post(t, `query ($id: ID!) {difyApps {key} node(id: $id) {id}}`, vars{"id": id})
		checkAnswer(t, answer, `{"difyApps": [{"key": "a"}, {"key": "b"}], "node": null}`, map[string]string{"node": "BAD_USER_INPUT"})
		if len(answer.Errors) == 1 && answer.Errors[0].Extensions["argument"] != "id" {
			t.Errorf("%q: %v", id, answer.Errors[0])
		}
	}
	checkSpent(t, a, spent{})
}

// TestIDsHideSessions: an id says nothing of who somebody is.
func TestIDsHideSessions(t *testing.T) {
	t.Parallel()
	a := serveAlice(t, difytest.Options{})
	var data struct {
		WorkflowLogs struct {
			Nodes []struct {
				ID               string
				CreatedByEndUser struct{ ID string }
			}
		}
	}
	a.get(t, `{workflowLogs(first: 1) {nodes {id createdByEndUser {id}}}}`, nil, &data)
	node := data.WorkflowLogs.Nodes[0]
	for _, id := range []string{node.ID, node.CreatedByEndUser.ID} {
		if b, err := base64.RawURLEncoding.DecodeString(id); err != nil || strings.Contains(string(b), "alice") {
			t.Errorf("%q %v", b, err)
		}
	}
}
