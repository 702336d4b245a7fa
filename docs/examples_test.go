package docs_test

import (
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph"
	"github.com/difygraph/difygraph/internal/config"
)

// TestReadmeIsShort: the rest belongs into a page of its own.
func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	if lines := strings.Count(read(t, "../README.md"), "\n"); lines > 130 {
		t.Errorf("the README has %d lines, 130 are the most", lines)
	}
}

// TestReadmeSaysWhatToSet where a Dify as it comes is too small, in another zone, or known to an authority of one's own alone.
func TestReadmeSaysWhatToSet(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"SERVER_WORKER_CLASS=gevent", "limits.connectionsPerServer", "TZ=UTC", "SSL_CERT_FILE"} {
		if !strings.Contains(read(t, "../README.md"), setting) {
			t.Errorf("the README says nothing of %s", setting)
		}
	}
}

// TestConfigurations: each YAML block is a configuration that the program takes.
func TestConfigurations(t *testing.T) {
	t.Parallel()
	for _, b := range unquoted(t, "yaml") {
		t.Run(b.name(), func(t *testing.T) {
			t.Parallel()
			if _, err := load(b.text); err != nil {
				t.Error(err)
			}
		})
	}
}

// load reads a configuration whose key files and variables are there.
func load(text string) (*config.Config, error) {
	const path = "difygraph.yaml"
	return config.Load(config.Source{
		Path: path, Environ: []string{"TRANSLATOR_KEY=app-0123456789"},
		ReadFile: func(asked string) ([]byte, error) {
			if asked == path {
				return []byte(text), nil
			}
			return []byte("app-0123456789"), nil
		},
	})
}

// TestOperations: each operation is valid, whatever language it stands in.
func TestOperations(t *testing.T) {
	t.Parallel()
	for _, b := range unquoted(t, "graphql", "js", "python") {
		t.Run(b.name(), func(t *testing.T) {
			t.Parallel()
			documents := b.documents()
			if len(documents) == 0 && b.kind != "js" {
				t.Error("no operation found")
			}
			for _, document := range documents {
				if _, err := gqlparser.LoadQueryWithRules(graph.Schema(), document, nil); err != nil {
					t.Errorf("%v\nin %s", err, document)
				}
			}
		})
	}
}

// embedded are operations in other languages.
var embedded = regexp.MustCompile("(?s)(?:gql`(.*?)`|\"\"\"(.*?)\"\"\")")

// documents are the block's texts in GraphQL.
func (b block) documents() (found []string) {
	if b.kind == "graphql" {
		return []string{b.text}
	}
	for _, match := range embedded.FindAllStringSubmatch(b.text, -1) {
		found = append(found, match[1]+match[2])
	}
	return found
}

// TestQuotations: what is said to stand in a file stands there.
func TestQuotations(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, b := range blocks(t) {
		path, quoted := strings.CutPrefix(b.note, "from=")
		if !quoted {
			continue
		}
		seen++
		if !strings.Contains(read(t, "../"+path), strings.TrimSpace(b.text)) {
			t.Errorf("%s: %s has it no more", b.name(), path)
		}
	}
	if seen == 0 {
		t.Error("nothing is quoted: the test is blind")
	}
}

// TestAnswers sends what pages send, and holds the answers against those that they show: each to what stands before it.
func TestAnswers(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl in PATH")
	}
	server := serveSample(t)
	var answer any
	compared := 0
	for _, b := range blocks(t) {
		switch {
		case b.note == "subscription": // it has no one answer
		case b.kind == "sh" && strings.HasPrefix(b.text, "curl "):
			answer = server.shell(t, b)
		case b.kind == "graphql" && b.note == "":
			answer = server.ask(t, b.text)
		case b.kind == "json":
			compared++
			compare(t, b, answer)
		}
	}
	if compared < 3 {
		t.Errorf("%d answers were compared: the test is blind", compared)
	}
}

// withToken is an environment for programs of a page. The sample asks for no token, and takes any.
func withToken() []string { return append(os.Environ(), "DIFYGRAPH_TOKEN=dg_0123456789") }

// shell runs a command of a page against the server.
func (s sample) shell(t *testing.T, b block) (answer any) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sh", "-c", s.at(b.text))
	command.Env = withToken()
	text, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v", b.name(), err)
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%s: %v: %s", b.name(), err, text)
	}
	return answer
}

// compare wants all that is shown to be in the answer, which may have more.
func compare(t *testing.T, b block, answer any) {
	t.Helper()
	var shown any
	if err := json.Unmarshal([]byte(b.text), &shown); err != nil {
		t.Errorf("%s: %v", b.name(), err)
		return
	}
	if at := differs(shown, answer, b.note == "shape"); at != "" {
		t.Errorf("%s: the answer differs at %s: %v", b.name(), at, answer)
	}
}

// differs is the place where what is shown is not what came, or empty. Of a shape, only keys and types count.
func differs(shown, got any, shape bool) string {
	switch shown := shown.(type) {
	case map[string]any:
		members, _ := got.(map[string]any)
		for key, value := range shown {
			if at := differs(value, members[key], shape); at != "" {
				return "." + key + at
			}
		}
		return ""
	case []any:
		return differsInList(shown, got, shape)
	}
	if same := fmt.Sprintf("%T", shown) == fmt.Sprintf("%T", got); shape && same || shown == got {
		return ""
	}
	return " (value)"
}

func differsInList(shown []any, got any, shape bool) string {
	items, isList := got.([]any)
	if !isList || len(items) != len(shown) {
		return " (list)"
	}
	for i := range shown {
		if at := differs(shown[i], items[i], shape); at != "" {
			return fmt.Sprintf("[%d]%s", i, at)
		}
	}
	return ""
}

// TestDifferencesAreSeen: the comparison of answers is not blind.
func TestDifferencesAreSeen(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		shown, got string
		shape      bool
		want       string
	}{
		{`{"a": [1]}`, `{"a": [1], "b": 2}`, false, ""},
		{`{"a": [1]}`, `{"a": [2]}`, true, ""},
		{`{"a": [1]}`, `{"a": [2]}`, false, ".a[0] (value)"},
		{`{"a": [1]}`, `{"a": ["1"]}`, true, ".a[0] (value)"},
		{`{"a": [1]}`, `{"a": [1, 1]}`, true, ".a (list)"},
		{`{"a": null}`, `{"a": 1}`, true, ".a (value)"},
		{`{"a": {"b": 1}}`, `{}`, true, ".a.b (value)"},
	} {
		var shown, got any
		if json.Unmarshal([]byte(test.shown), &shown) != nil || json.Unmarshal([]byte(test.got), &got) != nil {
			t.Fatal(test)
		}
		if at := differs(shown, got, test.shape); at != test.want {
			t.Errorf("%s, %s: %q, want %q", test.shown, test.got, at, test.want)
		}
	}
}

// TestPython runs each program of a page.
func TestPython(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 in PATH")
	}
	server := serveSample(t)
	for _, b := range unquoted(t, "python") {
		t.Run(b.name(), func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), python, "-c", server.at(b.text))
			command.Env = withToken()
			if text, err := command.CombinedOutput(); err != nil || strings.Count(string(text), "\n") != 150 {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}

// TestGo: what is shown of Go can be parsed.
func TestGo(t *testing.T) {
	t.Parallel()
	for _, b := range unquoted(t, "go") {
		t.Run(b.name(), func(t *testing.T) {
			t.Parallel()
			if _, err := parser.ParseFile(token.NewFileSet(), b.name(), "package p\n"+b.text, 0); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestGenqlient: its configuration is YAML, and says what each of our scalars is in Go.
func TestGenqlient(t *testing.T) {
	t.Parallel()
	var cfg struct {
		Bindings map[string]struct{ Type string }
	}
	for _, b := range blocks(t) {
		if b.note == "genqlient" {
			if err := yaml.Unmarshal([]byte(b.text), &cfg); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, definition := range graph.Schema().Types {
		ours := definition.Kind == ast.Scalar && !definition.BuiltIn && !strings.Contains(name, "_")
		if ours && cfg.Bindings[name].Type == "" {
			t.Errorf("no binding of %s", name)
		}
	}
}
