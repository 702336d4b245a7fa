package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/difygraph/difygraph/internal/config"
)

// TestKubernetesExample: the example's configuration is valid, and the times that Kubernetes gives are enough.
func TestKubernetesExample(t *testing.T) {
	t.Parallel()
	example := readExample(t)
	text := example.at(t, "$[0].data.'config.yaml'")
	_, err := config.Load(config.Source{
		Path:    "/etc/difygraph/config/config.yaml",
		Environ: []string{"DIFYGRAPH_LISTEN=" + imageListen(t)},
		ReadFile: func(path string) ([]byte, error) {
			if strings.HasPrefix(path, "/etc/difygraph/keys/") {
				return []byte(goodKey), nil
			}
			return []byte(text.(string)), nil
		},
	})
	if err != nil {
		t.Errorf("configuration: %v", err)
	}
	pod := "$[1].spec.template.spec."
	given := example.at(t, pod+"terminationGracePeriodSeconds").(uint64)
	paused := example.at(t, pod+"containers[0].lifecycle.preStop.sleep.seconds").(uint64)
	const endTime = drainTime + flushTime + 2*lastWords
	if left := time.Duration(given-paused) * time.Second; left < endTime+time.Second { // a second to start and to stop
		t.Errorf("%v of %d s are left to drain and to flush, which may take %v", left, given, endTime)
	}
	for probe, want := range map[string]string{"readinessProbe": "/readyz", "livenessProbe": "/healthz"} {
		if got := example.at(t, pod+"containers[0]."+probe+".httpGet.path"); got != want {
			t.Errorf("%s: %v", probe, got)
		}
	}
}

// objects are those of a manifest, in its order.
type objects []any

func readExample(t *testing.T) (all objects) {
	t.Helper()
	text, err := os.ReadFile("deploy/kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var one any
		if err := yaml.Unmarshal(document, &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// at is what stands at a path in goccy's form of JSONPath.
func (o objects) at(t *testing.T, path string) (value any) {
	t.Helper()
	text, err := yaml.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := yaml.PathString(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Read(bytes.NewReader(text), &value); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return value
}

// imageListen is what the image sets.
func imageListen(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, listen, _ := strings.Cut(string(text), "\nENV DIFYGRAPH_LISTEN=")
	listen, _, _ = strings.Cut(listen, "\n")
	return listen
}

// TestImageHasGoOfModule: another version in the Dockerfile would fetch that of go.mod at each build.
func TestImageHasGoOfModule(t *testing.T) {
	t.Parallel()
	image, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(string(module), "\ngo ")
	version, _, _ = strings.Cut(version, "\n")
	if !strings.Contains(string(image), " golang:"+version+"-") {
		t.Errorf("the Dockerfile does not start from Go %s", version)
	}
}

// TestReleasesSayTheirVersion: what the image and the archives are built with sets the variable that is there.
func TestReleasesSayTheirVersion(t *testing.T) {
	t.Parallel()
	for path, setting := range map[string]string{
		"server.go":        "\nvar release string\n",
		"Dockerfile":       "-X main.release=$VERSION",
		".goreleaser.yaml": "-X main.release={{ .Tag }}",
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), setting) {
			t.Errorf("%s has no %q", path, setting)
		}
	}
}

// TestReleasesHaveGraphiQL: it is fetched before anything is built.
func TestReleasesHaveGraphiQL(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(".goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var release struct {
		Before struct{ Hooks []string }
		Builds []struct{ Env, Flags []string }
	}
	if err := yaml.Unmarshal(text, &release); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(release.Before.Hooks, "go generate ./internal/playground") || len(release.Builds) != 1 {
		t.Errorf("%+v", release)
	}
}
