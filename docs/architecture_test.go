package docs_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// quoted is what stands between backquotes and looks like a path: it has a slash or the ending of a file, and no spaces.
var quoted = regexp.MustCompile("`([\\w.*-]*(?:/[\\w.*-]*)+|[\\w.-]+\\.(?:go|yml|yaml|graphqls))`")

// TestFilesThatArchitectureNames are there. Patterns have to meet something.
func TestFilesThatArchitectureNames(t *testing.T) {
	t.Parallel()
	found := quoted.FindAllStringSubmatch(read(t, "architecture.md"), -1)
	if len(found) < 40 {
		t.Fatalf("%d paths: the test is blind", len(found))
	}
	for _, match := range found {
		if files, err := filepath.Glob(filepath.Join("..", match[1])); err != nil || len(files) == 0 {
			t.Errorf("%s is named, and not there: %v", match[1], err)
		}
	}
}

// TestImportsAreDrawnAsTheLinterHasThem, folder by folder.
func TestImportsAreDrawnAsTheLinterHasThem(t *testing.T) {
	t.Parallel()
	drawn := map[string][]string{}
	for _, b := range blocks(t) {
		if b.note != "imports" {
			continue
		}
		for line := range strings.Lines(b.text) {
			folder, imports, _ := strings.Cut(strings.TrimSpace(line), " ")
			drawn[folder] = nil
			if imports = strings.TrimSpace(imports); imports != "nothing" {
				drawn[folder] = sorted(strings.Split(imports, ", "))
			}
		}
	}
	kept := enforced(t)
	for folder := range kept {
		if strings.HasPrefix(folder, "internal/") || folder == "docs" {
			delete(kept, folder)
		}
	}
	if diff := cmp.Diff(kept, drawn); diff != "" {
		t.Errorf("architecture.md (-.golangci.yml +drawn):\n%s", diff)
	}
}

// enforced is what each folder may import by the linter's rules, but for itself and what its tests need.
func enforced(t *testing.T) map[string][]string {
	t.Helper()
	var linter struct {
		Linters struct {
			Settings struct {
				Depguard struct {
					Rules map[string]struct{ Files, Allow []string }
				}
			}
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "../.golangci.yml")), &linter); err != nil {
		t.Fatal(err)
	}
	const module = "github.com/difygraph/difygraph/"
	rules := map[string][]string{}
	for name, rule := range linter.Linters.Settings.Depguard.Rules {
		folder, ofFolder := strings.CutPrefix(rule.Files[0], "${config-path}/")
		folder, plain := strings.CutSuffix(folder, "/*.go")
		if !ofFolder || !plain || strings.HasSuffix(name, "-tests") || strings.Contains(folder, "{") {
			continue
		}
		var allowed []string
		for _, path := range rule.Allow {
			path, exact := strings.CutSuffix(strings.TrimPrefix(path, module), "$")
			switch {
			case !exact:
				allowed = append(allowed, "all of "+path+"/")
			case path != folder && path != "graph/generated":
				allowed = append(allowed, path)
			}
		}
		rules[folder] = sorted(allowed)
	}
	return rules
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}
