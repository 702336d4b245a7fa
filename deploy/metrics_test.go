package deploy_test

import (
	"bufio"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/service"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// expressions are those of the alerts and the dashboard, and where each stands.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, rule := range readRules(t, "alerts.yaml", "$").Groups[0].Rules {
		found["alert "+rule.Alert] = rule.Expr
	}
	for _, panel := range readDashboard(t).Panels {
		for _, target := range panel.Targets {
			found["panel "+panel.Title+" "+target.RefID] = target.Expr
		}
	}
	return found
}

type rules struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr string
			Annotations map[string]string
		}
	}
}

// readRules reads the groups that stand at a path of a file.
func readRules(t *testing.T, path, at string) (all rules) {
	t.Helper()
	place, err := yaml.PathString(at)
	if err != nil {
		t.Fatal(err)
	}
	if err := place.Read(strings.NewReader(read(t, path)), &all); err != nil || len(all.Groups) == 0 {
		t.Fatalf("%s: %v", path, err)
	}
	return all
}

type dashboard struct {
	Panels []struct {
		Title   string
		Targets []struct{ RefID, Expr string }
	}
	Templating struct {
		List []struct{ Name, Definition string }
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, "dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestExpressions: each is well formed, and asks for metrics and labels that the server has.
func TestExpressions(t *testing.T) {
	t.Parallel()
	exported := scrape(t)
	asked := map[string]bool{}
	for at, text := range expressions(t) {
		for _, problem := range check(text, exported, asked) {
			t.Errorf("%s: %s", at, problem)
		}
	}
	if len(asked) < 15 {
		t.Errorf("only %d metrics are asked for: the test is blind", len(asked))
	}
}

// TestWrongExpressionsAreSeen: the check is not blind.
func TestWrongExpressionsAreSeen(t *testing.T) {
	t.Parallel()
	exported := map[string][]string{"difygraph_operations_total": {"class", "operation"}, "difygraph_operation_duration_seconds_bucket": {"operation", "le"}}
	for text, want := range map[string][]string{
		`sum(rate(difygraph_operations_total[5m])) > 1`:                            nil,
		`sum by (class) (rate(difygraph_operations_total{class="ok"}[5m]))`:        nil,
		`sum(rate(difygraph_operations_totals[5m]))`:                               {"no metric difygraph_operations_totals"},
		`difygraph_operations_total{app="a"}`:                                      {"difygraph_operations_total has no label app"},
		`sum by (app) (difygraph_operations_total)`:                                {"no metric has the label app"},
		`sum(rate(difygraph_operations_total[5m])`:                                 {"not well formed"},
		`sum(difygraph_operations_total) / on (route) sum(up)`:                     {"no metric has the label route"},
		`histogram_quantile(0.9, difygraph_operation_duration_seconds_bucket[5m])`: nil,
	} {
		if diff := cmp.Diff(want, check(text, exported, map[string]bool{})); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	}
}

// TestLabelsOfTexts: what an alert's text names, its expression keeps.
func TestLabelsOfTexts(t *testing.T) {
	t.Parallel()
	label := regexp.MustCompile(`\$labels\.(\w+)`)
	for _, rule := range readRules(t, "alerts.yaml", "$").Groups[0].Rules {
		for _, match := range label.FindAllStringSubmatch(rule.Annotations["summary"], -1) {
			if kept := regexp.MustCompile(`by \([^)]*\b` + match[1] + `\b`); !kept.MatchString(rule.Expr) && match[1] != "instance" {
				t.Errorf("%s: its text names %s, which %s does not keep", rule.Alert, match[1], rule.Expr)
			}
		}
	}
}

// TestVariablesOfDashboard ask for metrics and labels that there are, too.
func TestVariablesOfDashboard(t *testing.T) {
	t.Parallel()
	exported := scrape(t)
	query := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`)
	for _, variable := range readDashboard(t).Templating.List {
		parts := query.FindStringSubmatch(variable.Definition)
		if variable.Name == "datasource" {
			continue
		}
		if parts == nil || !slices.Contains(append(exported[parts[1]], fromPrometheus...), parts[2]) {
			t.Errorf("%s: %s", variable.Name, variable.Definition)
		}
	}
}

// TestRulesForOperatorAreTheSame as those for Prometheus alone.
func TestRulesForOperatorAreTheSame(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(readRules(t, "alerts.yaml", "$"), readRules(t, "monitoring/prometheus-rule.yaml", "$.spec")); diff != "" {
		t.Errorf("(-alerts.yaml +prometheus-rule.yaml)\n%s", diff)
	}
}

// TestAlertsAreDocumented: who is woken finds what to do.
func TestAlertsAreDocumented(t *testing.T) {
	t.Parallel()
	page := read(t, "../docs/operations.md")
	for _, rule := range readRules(t, "alerts.yaml", "$").Groups[0].Rules {
		if !strings.Contains(page, "\n| `"+rule.Alert+"` |") {
			t.Errorf("docs/operations.md does not say what to do about %s", rule.Alert)
		}
	}
}

// TestMetricsAreDocumented: each metric of our own has a place in the table of operations.md.
func TestMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	page := read(t, "../docs/operations.md")
	for name := range scrape(t) {
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, part)
		}
		if strings.HasPrefix(name, "difygraph_") && !strings.Contains(page, "`"+name+"`") {
			t.Errorf("docs/operations.md does not name %s", name)
		}
	}
}

// fromPrometheus are metrics and labels that Prometheus adds itself.
var fromPrometheus = []string{"up", "job", "instance"}

// check says what is wrong with an expression, and notes the metrics that it asks for.
func check(text string, exported map[string][]string, asked map[string]bool) (problems []string) {
	parsed, err := metricsql.Parse(strings.ReplaceAll(text, "$__rate_interval", "5m"))
	if err != nil {
		return []string{"not well formed"}
	}
	labels := slices.Clone(fromPrometheus)
	for _, of := range exported {
		labels = append(labels, of...)
	}
	metricsql.VisitAll(parsed, func(part metricsql.Expr) {
		switch part := part.(type) {
		case *metricsql.MetricExpr:
			problems = append(problems, checkMetric(part, exported, asked)...)
		case *metricsql.AggrFuncExpr:
			problems = append(problems, missing(part.Modifier.Args, labels)...)
		case *metricsql.BinaryOpExpr:
			problems = append(problems, missing(part.GroupModifier.Args, labels)...)
		}
	})
	return problems
}

func checkMetric(part *metricsql.MetricExpr, exported map[string][]string, asked map[string]bool) (problems []string) {
	for _, filters := range part.LabelFilterss {
		name := filters[0].Value
		asked[name] = true
		labels, known := exported[name]
		if !known && !slices.Contains(fromPrometheus, name) {
			return []string{"no metric " + name}
		}
		for _, filter := range filters[1:] {
			if !slices.Contains(append(labels, fromPrometheus...), filter.Label) {
				problems = append(problems, name+" has no label "+filter.Label)
			}
		}
	}
	return problems
}

func missing(asked, known []string) (problems []string) {
	for _, label := range asked {
		if !slices.Contains(known, label) {
			problems = append(problems, "no metric has the label "+label)
		}
	}
	return problems
}

// scrape is each metric that a server exports which has met everything, with its labels.
func scrape(t *testing.T) map[string][]string {
	t.Helper()
	told, err := telemetry.New(t.Context(), telemetry.Options{
		Log: slog.New(slog.DiscardHandler), Metrics: true, Version: "v1.2.3", Dropped: func() int64 { return 1 }, Account: service.AccountOf,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = told.Shutdown(t.Context()) })
	useServer(t, told)
	recorder := httptest.NewRecorder()
	told.MetricsHandler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return metricsIn(recorder.Body.String())
}

// useServer lets an operation succeed, and one be refused.
func useServer(t *testing.T, told *telemetry.Telemetry) {
	t.Helper()
	dify := difytest.New(difytest.Options{})
	dify.AddApp(difytest.AppOptions{Name: "A", APIKey: "app-0123456789"})
	upstream := httptest.NewServer(dify)
	t.Cleanup(upstream.Close)
	cfg, err := config.Load(config.Source{Environ: []string{"DIFY_API_KEY=app-0123456789", "DIFY_BASE_URL=" + upstream.URL + "/v1"}})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Limits.Price = 30
	served, err := service.New(cfg, service.Options{Telemetry: told})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(served.Close)
	told.Observe(served.State)
	for _, query := range []string{`{workflowLogs(first: 1) {nodes {id}}}`, `{workflowLogs(first: 100) {nodes {workflowRun {inputs}}}}`} {
		request := httptest.NewRequest(http.MethodPost, service.GraphQLPath, strings.NewReader(`{"query": "`+query+`"}`))
		request.Host = "localhost"
		request.Header.Set("Content-Type", "application/json")
		served.ServeHTTP(httptest.NewRecorder(), request)
	}
}

// sample is a line of a scrape that is no comment.
var sample = regexp.MustCompile(`^(\w+)(?:\{(.*)\})? `)

func metricsIn(text string) map[string][]string {
	label := regexp.MustCompile(`(\w+)="`)
	found := map[string][]string{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if parts := sample.FindStringSubmatch(lines.Text()); parts != nil {
			found[parts[1]] = append(found[parts[1]], "")
			for _, each := range label.FindAllStringSubmatch(parts[2], -1) {
				found[parts[1]] = append(found[parts[1]], each[1])
			}
		}
	}
	return found
}
