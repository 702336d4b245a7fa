package deploy_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/internal/config"
)

// object is what the tests read of an object of Kubernetes.
type object struct {
	Kind     string
	Metadata struct {
		Name   string
		Labels labels
	}
	Spec struct {
		Selector struct{ MatchLabels labels }
		Template struct {
			Metadata struct{ Labels labels }
			Spec     struct {
				Containers                []container
				TopologySpreadConstraints []struct {
					LabelSelector struct{ MatchLabels labels }
				}
			}
		}
		PodSelector struct{ MatchLabels labels }
		Ports       []struct{ Name, TargetPort string }
		Endpoints   []struct{ Port string }
	}
}

type labels map[string]string

type container struct {
	Name  string
	Ports []struct{ Name string }
	Env   []struct{ Name, Value string }
}

// kustomization is what Kustomize is to read.
type kustomization struct {
	Resources []string
	Patches   []struct{ Path string }
}

// objects are those of a folder's kustomization, patches too, by kind and name.
func objects(t *testing.T, folder string) map[string]object {
	t.Helper()
	var k kustomization
	unmarshal(t, read(t, filepath.Join(folder, "kustomization.yaml")), &k)
	files := k.Resources
	for _, patch := range k.Patches {
		files = append(files, patch.Path)
	}
	found := map[string]object{}
	for _, file := range files {
		for text := range strings.SplitSeq(read(t, filepath.Join(folder, file)), "\n---\n") {
			var one object
			unmarshal(t, text, &one)
			found[one.Kind+" "+one.Metadata.Name] = one
		}
	}
	return found
}

// unmarshal reads YAML by the names that JSON would have.
func unmarshal(t *testing.T, text string, into any) {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(asJSON, into); err != nil {
		t.Fatal(err)
	}
}

// TestSelectors: whatever chooses pods chooses those of the Deployment.
func TestSelectors(t *testing.T) {
	t.Parallel()
	base := objects(t, ".")
	deployment := base["Deployment difygraph"].Spec
	chosen := map[string]labels{
		"Deployment":          deployment.Selector.MatchLabels,
		"PodDisruptionBudget": base["PodDisruptionBudget difygraph"].Spec.Selector.MatchLabels,
		"NetworkPolicy":       base["NetworkPolicy difygraph"].Spec.PodSelector.MatchLabels,
	}
	for _, spread := range deployment.Template.Spec.TopologySpreadConstraints {
		chosen["topologySpreadConstraints"] = spread.LabelSelector.MatchLabels
	}
	if len(chosen) != 4 {
		t.Error("no topologySpreadConstraints")
	}
	for by, selected := range chosen {
		if diff := cmp.Diff(deployment.Template.Metadata.Labels, selected); diff != "" {
			t.Errorf("%s (-pod +selector):\n%s", by, diff)
		}
	}
}

// TestServiceMonitor: it finds the service for metrics, which finds the port that the patch opens.
func TestServiceMonitor(t *testing.T) {
	t.Parallel()
	monitoring := objects(t, "monitoring")
	monitor, service := monitoring["ServiceMonitor difygraph"], monitoring["Service difygraph-metrics"]
	if diff := cmp.Diff(monitor.Spec.Selector.MatchLabels, service.Metadata.Labels); diff != "" {
		t.Errorf("labels (-monitor +service):\n%s", diff)
	}
	pod := monitoring["Deployment difygraph"].Spec.Template.Spec.Containers[0]
	port := pod.Ports[0].Name
	if monitor.Spec.Endpoints[0].Port != service.Spec.Ports[0].Name || service.Spec.Ports[0].TargetPort != port {
		t.Errorf("%+v %+v %+v", monitor.Spec.Endpoints, service.Spec.Ports, port)
	}
}

// TestEnvironments: the program takes what the manifests set.
func TestEnvironments(t *testing.T) {
	t.Parallel()
	for name, environ := range map[string][]string{
		"monitoring": patched(t),
		"compose":    composed(t),
	} {
		cfg, err := config.Load(config.Source{Environ: environ})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if cfg.Metrics.Listen != "0.0.0.0:9090" || !cfg.Metrics.Open {
			t.Errorf("%s: metrics at %+v, which Prometheus does not read", name, cfg.Metrics)
		}
	}
}

// patched is the environment that monitoring adds to that of a token.
func patched(t *testing.T) []string {
	t.Helper()
	environ := []string{"DIFYGRAPH_AUTH=none"}
	for _, variable := range objects(t, "monitoring")["Deployment difygraph"].Spec.Template.Spec.Containers[0].Env {
		environ = append(environ, variable.Name+"="+variable.Value)
	}
	return environ
}

// composed is the environment of compose.yaml, in the image.
func composed(t *testing.T) []string {
	t.Helper()
	var file struct {
		Services map[string]struct {
			Environment map[string]string
			Volumes     []string
		}
	}
	unmarshal(t, read(t, "compose.yaml"), &file)
	given := strings.NewReplacer("${DIFY_API_KEY:?the key of a Dify app}", "app-0123456789", "${DIFY_BASE_URL:-https://api.dify.ai/v1}",
		"https://api.dify.ai/v1", "${DIFYGRAPH_TOKEN_SHA256:?what difygraph token prints}", strings.Repeat("0", 64))
	environ := []string{"DIFYGRAPH_LISTEN=0.0.0.0:8080"}
	for name, value := range file.Services["difygraph"].Environment {
		environ = append(environ, name+"="+given.Replace(value))
	}
	for _, volume := range file.Services["prometheus"].Volumes {
		path, _, _ := strings.Cut(volume, ":")
		read(t, path)
	}
	return environ
}

// TestUnit: systemd has the credentials that its program is told of, and waits as long as the end may take.
func TestUnit(t *testing.T) {
	t.Parallel()
	unit := read(t, "difygraph.service")
	config := regexp.MustCompile(`ExecStart=\S+ --config %d/(\S+)`).FindStringSubmatch(unit)
	if config == nil || !strings.Contains(unit, "\nLoadCredential="+config[1]+":") {
		t.Error("the configuration is no credential")
	}
	if !strings.Contains(unit, "\nTimeoutStopSec=30\n") {
		t.Error("the end has no 30 s")
	}
	systemd, err := exec.LookPath("systemd-analyze")
	if err != nil {
		return
	}
	path := filepath.Join(t.TempDir(), "difygraph.service")
	if err := os.WriteFile(path, []byte(strings.Replace(unit, "/usr/local/bin/difygraph", "/bin/true", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.CommandContext(t.Context(), systemd, "verify", path).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, text)
	}
}

// TestKustomize builds an overlay over base and component, where kubectl is.
func TestKustomize(t *testing.T) {
	t.Parallel()
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("no kubectl in PATH")
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	overlay := t.TempDir()
	base, err := filepath.Rel(overlay, here)
	if err != nil {
		t.Fatal(err)
	}
	text := "resources: [" + base + "]\ncomponents: [" + base + "/monitoring]\n"
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	built, err := exec.CommandContext(t.Context(), kubectl, "kustomize", overlay).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, built)
	}
	for _, want := range []string{"kind: PodDisruptionBudget", "kind: ServiceMonitor", "kind: PrometheusRule", "name: OTEL_EXPORTER_OTLP_ENDPOINT", "name: GOMEMLIMIT"} {
		if !strings.Contains(string(built), want) {
			t.Errorf("no %q", want)
		}
	}
}
